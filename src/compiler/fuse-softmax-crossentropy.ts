import { crossentropyOp, softmaxCrossentropyOp } from '../ops/crossentropy.js';
import type { IrGraph, Operation, Value } from '../ops/ir.js';
import { softmaxOp } from '../ops/softmax.js';
import { stopGradient } from '../ops/stop-gradient.js';
import { Consumers } from './consumers.js';

/**
 * softmax → cross-entropy: the loss is computed from the logits, as Keras does, which neither overflows
 * nor loses small probabilities. Probabilities whose gradient is asked for stay operands of the loss under
 * another name, through which nothing flows back: so they have their gradient, and all others keep theirs.
 * @param observed values whose gradients are asked for.
 * @returns the other names, by probabilities.
 */
export function fuseSoftmaxCrossentropy(
  graph: IrGraph,
  observed: ReadonlySet<Value> = new Set(),
): ReadonlyMap<Value, Value> {
  const consumers = new Consumers(graph);
  const aliases = new Map<Value, Value>();
  const { operations, source } = graph;
  graph.operations = [];
  for (const operation of operations) {
    const softmax = softmaxOf(operation, consumers);
    if (softmax === undefined) {
      graph.operations.push(operation);
      continue;
    }
    const { probabilities, labels } = operation.inputs;
    graph.source = operation.source;
    if (observed.has(probabilities)) aliases.set(probabilities, stopGradient(probabilities));
    const alias = aliases.get(probabilities);
    const inputs = {
      logits: softmax.inputs.x,
      labels,
      ...(alias !== undefined && { probabilities: alias }),
    };
    graph.noteFusion('softmax + crossentropy', operation, softmax);
    graph.operations.push({ ...operation, definition: softmaxCrossentropyOp, inputs });
  }
  graph.source = source;
  return aliases;
}

function softmaxOf(operation: Operation, consumers: Consumers): Operation | undefined {
  if (operation.definition !== crossentropyOp) return undefined;
  const softmax = consumers.producer(operation.inputs.probabilities);
  return softmax?.definition === softmaxOp ? softmax : undefined;
}
