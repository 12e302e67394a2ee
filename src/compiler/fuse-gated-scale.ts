import { affine, affineOp } from '../ops/affine.js';
import { batchNormOp } from '../ops/batch-norm.js';
import type { IrGraph, Operation } from '../ops/ir.js';
import { Consumers } from './consumers.js';

/**
 * batch normalisation → scale → gate: gamma and beta are scaled instead of the data, for a branch of
 * stochastic depth costs no more than one without it.
 */
export function fuseGatedScale(graph: IrGraph): IrGraph {
  if (!graph.operations.some(({ definition }) => definition.gated !== undefined)) return graph;
  for (const scale of graph.operations) {
    if (scale.definition !== affineOp) continue;
    const attributes = scale.attributes as { scale: number; offset: number };
    const consumers = new Consumers(graph);
    const norm = consumers.producer(scale.inputs.x);
    const reader = consumers.soleReader(scale.outputs.y);
    const isBefore = reader?.definition.gated?.(reader.attributes).input === 'x';
    if (norm?.definition !== batchNormOp || !isBefore) continue;
    // A factor above 0 may stand before relu as well as behind it.
    if (attributes.offset !== 0 || attributes.scale <= 0) continue;
    if (consumers.soleReader(scale.inputs.x) !== scale || norm.inputs.gamma === undefined) continue;
    if (norm.inputs.residual !== undefined) continue;
    replaceNorm(graph, norm, scale, attributes.scale);
    graph.noteFusion('batchNorm + scale', norm, scale);
  }
  return graph;
}

/** Puts scaled parameters and a normalisation with them in the place of the two. */
function replaceNorm(graph: IrGraph, norm: Operation, scale: Operation, factor: number): void {
  const before = graph.operations.slice(0, graph.operations.indexOf(norm));
  const after = graph.operations.slice(before.length + 1).filter((other) => other !== scale);
  const { gamma, beta } = norm.inputs;
  const { source } = graph;
  graph.operations = before;
  graph.source = scale.source;
  const inputs = {
    ...norm.inputs,
    gamma: affine(gamma, factor),
    ...(beta !== undefined && { beta: affine(beta, factor) }),
  };
  const outputs = { ...norm.outputs, y: scale.outputs.y };
  graph.operations.push({ ...norm, inputs, outputs }, ...after);
  graph.source = source;
}
