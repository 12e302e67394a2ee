import type { Binder } from '../binding.js';

/** y = Σ over replicas of x. */
export const bindAllReduceSum: Binder<'allReduceSum'> = (
  { reads, writes, attributes },
  context,
) => {
  const { collective } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size } = attributes;
  return () => collective.allReduceSum(x, y, size);
};

/** y = every replica's x. */
export const bindAllGather: Binder<'allGather'> = ({ reads, writes, attributes }, context) => {
  const { collective } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size } = attributes;
  return () => collective.allGather(x, y, size);
};

/** Each replica's range of x becomes its sum over replicas, in place. */
export const bindReduceScatter: Binder<'reduceScatter'> = ({ reads, attributes }, context) => {
  const { collective } = context;
  const x = context.address(reads.x);
  const { starts, counts } = attributes;
  return () => collective.reduceScatter(x, starts, counts);
};

/** Every replica gets the others' ranges of x, in place. */
export const bindAllGatherShards: Binder<'allGatherShards'> = ({ reads, attributes }, context) => {
  const { collective } = context;
  const x = context.address(reads.x);
  const { starts, counts } = attributes;
  return () => collective.allGatherShards(x, starts, counts);
};
