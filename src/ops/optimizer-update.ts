import type { LambAttributes, UpdateGroup, UpdateRange } from '../plan/kernels.js';
import type { LoweringScope, OpDefinition, Value } from './ir.js';

/** Elements [starts[r], starts[r] + counts[r]) of the trainable range belong to replica r. */
export interface Shards {
  readonly starts: readonly number[];
  readonly counts: readonly number[];
}

function exchange(scope: LoweringScope<Shards>, kernel: 'reduceScatter' | 'allGatherShards'): void {
  const { starts, counts } = scope.attributes;
  const attributes = { starts: [...starts], counts: [...counts] };
  scope.call(kernel, scope.inputs, scope.outputs, attributes);
}

/** Sums x over replicas, each replica keeping its own shard of the sum. */
const reduceScatterOp: OpDefinition<Shards> = {
  name: 'reduceScatter',
  infer: ({ x }) => ({ y: x }),
  lower: (scope) => exchange(scope, 'reduceScatter'),
};

/** Gives every replica the shards of all replicas. */
const allGatherShardsOp: OpDefinition<Shards> = {
  name: 'allGatherShards',
  infer: ({ x }) => ({ y: x }),
  lower: (scope) => exchange(scope, 'allGatherShards'),
};

/** Elements [start, start + count) of the trainable range and their rates; see `UpdateGroup`. */
export interface RateGroup extends UpdateGroup {
  start: number;
}

/** What an update changes: every replica its shard, at the rates of the groups, which cover the range. */
export interface Rates {
  readonly shards: Shards;
  readonly groups: readonly RateGroup[];
  /** Every weight with its rates, for what goes by whole weights. */
  readonly weights: readonly RateGroup[];
}

/** What lies of elements [start, start + count) in a replica's shard. */
export function localPart(
  { starts, counts }: Shards,
  replica: number,
  { start, count }: { readonly start: number; readonly count: number },
): { start: number; count: number } {
  const from = Math.max(start, starts[replica]);
  const to = Math.min(start + count, starts[replica] + counts[replica]);
  return to > from ? { start: from, count: to - from } : { start: starts[replica], count: 0 };
}

/** A replica's part of the range, with its parts of the groups where they are not the plain ones. */
function rangeOf({ shards, groups }: Rates, replica: number): UpdateRange {
  const start = shards.starts[replica];
  const count = shards.counts[replica];
  const local = groups.flatMap((group) => {
    const part = localPart(shards, replica, group);
    const { rateScale, decay } = group;
    return part.count > 0 ? [{ count: part.count, rateScale, decay }] : [];
  });
  const plain = local.every(({ rateScale, decay }) => rateScale === 1 && decay === 0);
  return plain ? { start, count } : { start, count, groups: local };
}

/** Constants of Adam. */
export interface AdamAttributes {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Adam on this replica's shard; see the kernel of the same name for the formula. */
const adamOp: OpDefinition<AdamAttributes & { rates: Rates }> = {
  name: 'adam',
  infer: ({ w, m, v }) => ({ newW: w, newM: m, newV: v }),
  lower(scope) {
    const { rates, ...constants } = scope.attributes;
    const range = rangeOf(rates, scope.share.replica);
    scope.call('adam', scope.inputs, scope.outputs, { ...constants, ...range });
  },
};

/** Constants of stochastic gradient descent. */
export interface SgdAttributes {
  momentum: number;
  nesterov: boolean;
}

/** SGD on this replica's shard; see the kernel of the same name for the formula. */
const sgdOp: OpDefinition<SgdAttributes & { rates: Rates }> = {
  name: 'sgd',
  infer: ({ w, m }) => ({ newW: w, ...(m === undefined ? {} : { newM: m }) }),
  lower(scope) {
    const { rates, ...constants } = scope.attributes;
    const range = rangeOf(rates, scope.share.replica);
    scope.call('sgd', scope.inputs, scope.outputs, { ...constants, ...range });
  },
};

/** Constants of RMSprop. */
export interface RmspropAttributes {
  rho: number;
  momentum: number;
  epsilon: number;
}

/** RMSprop on this replica's shard; see the kernel of the same name for the formula. */
const rmspropOp: OpDefinition<RmspropAttributes & { rates: Rates }> = {
  name: 'rmsprop',
  infer: ({ w, v, m, a }) => ({
    newW: w,
    newV: v,
    ...(m === undefined ? {} : { newM: m }),
    ...(a === undefined ? {} : { newA: a }),
  }),
  lower(scope) {
    const { rates, ...constants } = scope.attributes;
    const range = rangeOf(rates, scope.share.replica);
    scope.call('rmsprop', scope.inputs, scope.outputs, { ...constants, ...range });
  },
};

/** Constants of Lion. */
export interface LionAttributes {
  beta1: number;
  beta2: number;
}

/** Lion on this replica's shard; see the kernel of the same name for the formula. */
const lionOp: OpDefinition<LionAttributes & { rates: Rates }> = {
  name: 'lion',
  infer: ({ w, m }) => ({ newW: w, newM: m }),
  lower(scope) {
    const { rates, ...constants } = scope.attributes;
    const range = rangeOf(rates, scope.share.replica);
    scope.call('lion', scope.inputs, scope.outputs, { ...constants, ...range });
  },
};

/** LAMB's part of this replica: what lies of every weight in its shard. */
function lambAttributes(scope: LoweringScope<AdamAttributes & { rates: Rates }>): LambAttributes {
  const { rates, ...constants } = scope.attributes;
  const { shards, weights } = rates;
  const { replica } = scope.share;
  const [start, count] = [shards.starts[replica], shards.counts[replica]];
  const parts = weights.map((weight) => {
    const part = localPart(shards, replica, weight);
    const { rateScale, decay } = weight;
    return { from: part.start - start, count: part.count, rateScale, decay };
  });
  return { ...constants, start, count, parts };
}

/** LAMB on this replica's shard: the norms of weights that lie in several shards are summed between. */
const lambOp: OpDefinition<AdamAttributes & { rates: Rates }> = {
  name: 'lamb',
  infer: ({ w, m, v }) => ({ newW: w, newM: m, newV: v }),
  lower(scope) {
    const { inputs, outputs } = scope;
    const { w, g, m, v } = inputs;
    const { newW, newM, newV } = outputs;
    const attributes = lambAttributes(scope);
    const shape = [2, attributes.parts.length];
    const [own, sums] = [scope.temporary('squares', shape), scope.temporary('norms', shape)];
    scope.call('lambMoments', { w, g, m, v }, { newM, newV, sums: own }, attributes);
    scope.call('allReduceSum', { x: own }, { y: sums }, { size: 2 * attributes.parts.length });
    scope.call('lamb', { w, m: newM, v: newV, sums }, { newW }, attributes);
  },
};

/** The gradients summed over replicas; replica r's result is valid in its shard only. */
export function reduceScatter(gradients: Value, shards: Shards): Value {
  return gradients.graph.add(reduceScatterOp, { x: gradients }, shards).y;
}

/** The weights of all shards. */
export function allGatherShards(weights: Value, shards: Shards): Value {
  return weights.graph.add(allGatherShardsOp, { x: weights }, shards).y;
}

/** One step of Adam on weights w with gradients g and moments m and v. */
export function adam(
  operands: { w: Value; g: Value; m: Value; v: Value },
  attributes: AdamAttributes & { rates: Rates },
): { newW: Value; newM: Value; newV: Value } {
  const { newW, newM, newV } = operands.w.graph.add(adamOp, operands, attributes);
  return { newW, newM, newV };
}

/** One step of SGD on weights w with gradients g and, with momentum, velocities m. */
export function sgd(
  operands: { w: Value; g: Value; m?: Value },
  attributes: SgdAttributes & { rates: Rates },
): { newW: Value; newM?: Value } {
  const { newW, newM } = operands.w.graph.add(sgdOp, { ...operands }, attributes);
  return { newW, newM: newM as Value | undefined };
}

/** One step of RMSprop on weights w with gradients g, squares v and, where given, m and means a. */
export function rmsprop(
  operands: { w: Value; g: Value; v: Value; m?: Value; a?: Value },
  attributes: RmspropAttributes & { rates: Rates },
): { newW: Value; newV: Value; newM?: Value; newA?: Value } {
  const { newW, newV, ...others } = operands.w.graph.add(rmspropOp, { ...operands }, attributes);
  const { newM, newA } = others as { newM?: Value; newA?: Value };
  return { newW, newV, newM, newA };
}

/** One step of Lion on weights w with gradients g and momentum m. */
export function lion(
  operands: { w: Value; g: Value; m: Value },
  attributes: LionAttributes & { rates: Rates },
): { newW: Value; newM: Value } {
  const { newW, newM } = operands.w.graph.add(lionOp, operands, attributes);
  return { newW, newM };
}

/** One step of LAMB on weights w with gradients g and moments m and v. */
export function lamb(
  operands: { w: Value; g: Value; m: Value; v: Value },
  attributes: AdamAttributes & { rates: Rates },
): { newW: Value; newM: Value; newV: Value } {
  const { newW, newM, newV } = operands.w.graph.add(lambOp, operands, attributes);
  return { newW, newM, newV };
}
