import type { LoweringScope, OpDefinition, Value } from './ir.js';
import { localPart, type Shards } from './optimizer-update.js';

/** Elements [start, start + count) of the trainable range: a weight. */
interface Part {
  readonly start: number;
  readonly count: number;
}

interface NormAttributes {
  shards: Shards;
  /** The weights whose gradients have norms. */
  weights: readonly Part[];
  clipNorm: number;
}

function shardOf(shards: Shards, replica: number): { start: number; count: number } {
  return { start: shards.starts[replica], count: shards.counts[replica] };
}

/** Σ g² of every weight over all replicas, and which parts of the weights are this replica's. */
function emitSums(scope: LoweringScope<NormAttributes>) {
  const { shards, weights } = scope.attributes;
  const parts = weights.map((weight) => localPart(shards, scope.share.replica, weight));
  const own = scope.temporary('squares', [parts.length]);
  const sums = scope.temporary('norms', [parts.length]);
  const starts = parts.map(({ start }) => start);
  const counts = parts.map(({ count }) => count);
  scope.call('squaredSums', { x: scope.inputs.g }, { y: own }, { starts, counts });
  scope.call('allReduceSum', { x: own }, { y: sums }, { size: parts.length });
  return { sums, starts, counts };
}

const clipByNormOp: OpDefinition<NormAttributes> = {
  name: 'clipByNorm',
  infer: ({ g }) => ({ newG: g }),
  lower(scope) {
    const { sums, starts, counts } = emitSums(scope);
    const { clipNorm } = scope.attributes;
    const operands = { g: scope.inputs.g, sums };
    scope.call('clipByNorm', operands, scope.outputs, { starts, counts, clipNorm });
  },
};

const clipByGlobalNormOp: OpDefinition<NormAttributes> = {
  name: 'clipByGlobalNorm',
  infer: ({ g }) => ({ newG: g }),
  lower(scope) {
    const { sums, starts } = emitSums(scope);
    const { shards, clipNorm } = scope.attributes;
    const attributes = { ...shardOf(shards, scope.share.replica), parts: starts.length, clipNorm };
    scope.call('clipByGlobalNorm', { g: scope.inputs.g, sums }, scope.outputs, attributes);
  },
};

const clipByValueOp: OpDefinition<{ shards: Shards; clipValue: number }> = {
  name: 'clipByValue',
  infer: ({ g }) => ({ newG: g }),
  lower(scope) {
    const { shards, clipValue } = scope.attributes;
    const attributes = { ...shardOf(shards, scope.share.replica), clipValue };
    scope.call('clipByValue', scope.inputs, scope.outputs, attributes);
  },
};

const accumulateOp: OpDefinition<{ shards: Shards; steps: number }> = {
  name: 'accumulateGradients',
  infer: ({ g, a }) => ({ newG: g, newA: a }),
  lower(scope) {
    const { shards, steps } = scope.attributes;
    const attributes = { ...shardOf(shards, scope.share.replica), steps };
    scope.call('accumulateGradients', scope.inputs, scope.outputs, attributes);
  },
};

/** Constants of the moving average of weights. */
export interface AverageAttributes {
  shards: Shards;
  momentum: number;
  accumulationSteps: number;
  /** Updates after which the average takes the place of the weights; never when undefined. */
  overwriteFrequency: number | undefined;
}

const movingAverageOp: OpDefinition<AverageAttributes> = {
  name: 'movingAverage',
  infer: ({ w, average }, { overwriteFrequency }) => ({
    newAverage: average,
    ...(overwriteFrequency === undefined ? {} : { newW: w }),
  }),
  lower(scope) {
    const { shards, momentum, accumulationSteps, overwriteFrequency = 1 } = scope.attributes;
    const constants = { momentum, accumulationSteps, overwriteFrequency };
    const attributes = { ...shardOf(shards, scope.share.replica), ...constants };
    scope.call('movingAverage', scope.inputs, scope.outputs, attributes);
  },
};

/** The gradients with that of every weight clipped to a norm; as all here, valid in the shards. */
export function clipByNorm(g: Value, attributes: NormAttributes): Value {
  return g.graph.add(clipByNormOp, { g }, attributes).newG;
}

/** The gradients clipped to a norm of all of them together. */
export function clipByGlobalNorm(g: Value, attributes: NormAttributes): Value {
  return g.graph.add(clipByGlobalNormOp, { g }, attributes).newG;
}

/** The gradients with every element within ±clipValue. */
export function clipByValue(g: Value, shards: Shards, clipValue: number): Value {
  return g.graph.add(clipByValueOp, { g }, { shards, clipValue }).newG;
}

/** Gradients added up in a; at every so many steps g is their mean. */
export function accumulateGradients(
  operands: { g: Value; a: Value },
  attributes: { shards: Shards; steps: number },
): { newG: Value; newA: Value } {
  const { newG, newA } = operands.g.graph.add(accumulateOp, operands, attributes);
  return { newG, newA };
}

/** The moving average of weights w, and w itself as it is then. */
export function movingAverage(
  operands: { w: Value; average: Value },
  attributes: AverageAttributes,
): { w: Value; average: Value } {
  const outputs = operands.w.graph.add(movingAverageOp, operands, attributes);
  const { newW, newAverage } = outputs as { newW?: Value; newAverage: Value };
  return { w: newW ?? operands.w, average: newAverage };
}
