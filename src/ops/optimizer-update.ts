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

/** Constants of Adam. */
export interface AdamAttributes {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Adam on this replica's shard; see the kernel of the same name for the formula. */
const adamOp: OpDefinition<AdamAttributes & { shards: Shards }> = {
  name: 'adam',
  infer: ({ w, m, v }) => ({ newW: w, newM: m, newV: v }),
  lower(scope) {
    const { shards, ...constants } = scope.attributes;
    const [start, count] = shardOf(shards, scope.share.replica);
    scope.call('adam', scope.inputs, scope.outputs, { ...constants, start, count });
  },
};

/** Constants of stochastic gradient descent. */
export interface SgdAttributes {
  momentum: number;
  nesterov: boolean;
}

/** SGD on this replica's shard; see the kernel of the same name for the formula. */
const sgdOp: OpDefinition<SgdAttributes & { shards: Shards }> = {
  name: 'sgd',
  infer: ({ w, m }) => ({ newW: w, ...(m === undefined ? {} : { newM: m }) }),
  lower(scope) {
    const { shards, ...constants } = scope.attributes;
    const [start, count] = shardOf(shards, scope.share.replica);
    scope.call('sgd', scope.inputs, scope.outputs, { ...constants, start, count });
  },
};

function shardOf({ starts, counts }: Shards, replica: number): [number, number] {
  return [starts[replica], counts[replica]];
}

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
  attributes: AdamAttributes & { shards: Shards },
): { newW: Value; newM: Value; newV: Value } {
  const { newW, newM, newV } = operands.w.graph.add(adamOp, operands, attributes);
  return { newW, newM, newV };
}

/** One step of SGD on weights w with gradients g and, with momentum, velocities m. */
export function sgd(
  operands: { w: Value; g: Value; m?: Value },
  attributes: SgdAttributes & { shards: Shards },
): { newW: Value; newM?: Value } {
  const { newW, newM } = operands.w.graph.add(sgdOp, { ...operands }, attributes);
  return { newW, newM: newM as Value | undefined };
}
