import { crossentropyOp, softmaxCrossentropyOp } from '../ops/crossentropy.js';
import type { IrGraph } from '../ops/ir.js';
import { softmaxOp } from '../ops/softmax.js';
import { Consumers } from './consumers.js';

/**
 * softmax → cross-entropy: the loss is computed from the logits, as Keras does, which neither overflows
 * nor loses small probabilities.
 */
export function fuseSoftmaxCrossentropy(graph: IrGraph): IrGraph {
  const consumers = new Consumers(graph);
  graph.operations = graph.operations.map((operation) => {
    if (operation.definition !== crossentropyOp) return operation;
    const { probabilities, labels } = operation.inputs;
    const softmax = consumers.producer(probabilities);
    if (softmax?.definition !== softmaxOp) return operation;
    const inputs = { logits: softmax.inputs.x, labels };
    graph.noteFusion('softmax + crossentropy', operation, softmax);
    return { ...operation, definition: softmaxCrossentropyOp, inputs };
  });
  return graph;
}
