import { sameShape } from '../core/shape.js';
import { binaryOp } from '../ops/binary.js';
import type { IrGraph, Operation, Value } from '../ops/ir.js';
import { sameGates } from '../plan/gate.js';
import { Consumers } from './consumers.js';

/**
 * add(a, b), where b comes from an operation that can add to its result, such as the input gradient of a
 * convolution: the operation takes a as its accumulator. At every residual block the gradients of the
 * shortcut and of the branch meet, and this spares reading and writing them once more.
 */
export function fuseGradientSums(graph: IrGraph): IrGraph {
  const consumers = new Consumers(graph);
  const gone = new Set<Operation>();
  const fused = new Map<Operation, Operation>();
  for (const add of graph.operations) {
    if (add.definition !== binaryOp || (add.attributes as { fn: string }).fn !== 'add') continue;
    const { a, b } = add.inputs;
    if (a === b || !sameShape(a.shape, b.shape)) continue;
    const replacement = takeUp(add, b, a, consumers, gone) ?? takeUp(add, a, b, consumers, gone);
    if (replacement === undefined) continue;
    gone.add(replacement.producer);
    fused.set(add, replacement.fused);
    graph.noteFusion(`${replacement.producer.definition.name} + add`, replacement.producer, add);
  }
  graph.operations = graph.operations
    .filter((operation) => !gone.has(operation))
    .map((operation) => fused.get(operation) ?? operation);
  return graph;
}

/** The producer of `own` with `other` as its accumulator, giving the sum; undefined if it cannot be. */
function takeUp(
  add: Operation,
  own: Value,
  other: Value,
  consumers: Consumers,
  gone: ReadonlySet<Operation>,
): { producer: Operation; fused: Operation } | undefined {
  const producer = consumers.producer(own);
  const accumulator = producer?.definition.accumulator;
  if (producer === undefined || accumulator === undefined || gone.has(producer)) return undefined;
  const { input, output } = accumulator;
  if (producer.inputs[input] !== undefined || producer.outputs[output] !== own) return undefined;
  if (consumers.soleReader(own) !== add || !sameGates(producer.gates, add.gates)) return undefined;
  const fused: Operation = {
    ...producer,
    inputs: { ...producer.inputs, [input]: other },
    outputs: { [output]: add.outputs.y },
  };
  return { producer, fused };
}
