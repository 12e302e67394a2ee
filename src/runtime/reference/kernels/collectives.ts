import type { CollectiveKernel, FloatArray } from '../reference-kernel.js';

/** Σ over replicas, in replica order, of `count` elements from `start`. */
function sumOver(arrays: readonly FloatArray[], start: number, count: number): Float64Array {
  const sums = new Float64Array(count);
  for (const array of arrays) {
    for (let i = 0; i < count; i++) sums[i] += array[start + i];
  }
  return sums;
}

/** Every replica's y = Σ over replicas of x. */
export const allReduceSum: CollectiveKernel<'allReduceSum'> = (calls) => {
  const sums = sumOver(
    calls.map((call) => call.reads.x),
    0,
    calls[0].attributes.size,
  );
  for (const call of calls) call.writes.y.set(sums);
};

/** Every replica's y[r] = replica r's x. */
export const allGather: CollectiveKernel<'allGather'> = (calls) => {
  for (const { writes, attributes } of calls) {
    calls.forEach((source, r) => {
      writes.y.set(source.reads.x, r * attributes.size);
    });
  }
};

/** Replica r's elements [starts[r], starts[r] + counts[r]) become their sum over replicas. */
export const reduceScatter: CollectiveKernel<'reduceScatter'> = (calls) => {
  const arrays = calls.map((call) => call.reads.x);
  const { starts, counts } = calls[0].attributes;
  const sums = calls.map((_, r) => sumOver(arrays, starts[r], counts[r]));
  calls.forEach((call, r) => {
    call.writes.y.set(sums[r], starts[r]);
  });
};

/** Replica r's elements [starts[r], starts[r] + counts[r]) go to all replicas. */
export const allGatherShards: CollectiveKernel<'allGatherShards'> = (calls) => {
  const { starts, counts } = calls[0].attributes;
  calls.forEach((source, r) => {
    const shard = source.reads.x.subarray(starts[r], starts[r] + counts[r]);
    for (const target of calls) {
      if (target !== source) target.writes.y.set(shard, starts[r]);
    }
  });
};
