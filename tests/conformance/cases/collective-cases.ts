import { batch, type KernelCase } from '../kernel-case.js';
import { integers, normals } from '../test-data.js';

const replicaCounts = [1, 2, 3];
const sizes = [0, 1, 5, 64, 1003];

function ones(replicas: number): number[] {
  return Array.from({ length: replicas }, () => 1);
}

/** The sum over replicas, on every replica: exact for whole numbers, apart and in place. */
export const allReduceSumCases = replicaCounts.flatMap((replicas) =>
  sizes.flatMap((size): KernelCase<'allReduceSum'>[] => {
    const row: KernelCase<'allReduceSum'> = {
      title: `${size} elements`,
      shares: ones(replicas),
      attributes: () => ({ size }),
      reads: { x: batch(integers('all-reduce', replicas * size, 1000)) },
      compare: 'exact',
    };
    return [
      row,
      { ...row, title: `${size} elements in place`, inPlace: { y: 'x' } },
      {
        ...row,
        title: `${size} fractions`,
        reads: { x: batch(normals('all-reduce', replicas * size)) },
        compare: 'relative',
      },
    ];
  }),
);

/** Every replica's array, on every replica. */
export const allGatherCases = replicaCounts.flatMap((replicas) =>
  sizes.map(
    (size): KernelCase<'allGather'> => ({
      title: `${size} elements`,
      shares: ones(replicas),
      attributes: () => ({ size }),
      reads: { x: batch(normals('all-gather', replicas * size)) },
      compare: 'exact',
    }),
  ),
);

/** Shards that do not divide the array, are not aligned, and may be empty. */
const shardings = [
  { size: 7, counts: [7] },
  { size: 40, counts: [40] },
  { size: 7, counts: [4, 3] },
  { size: 1000, counts: [512, 488] },
  { size: 5, counts: [5, 0] },
  { size: 100, counts: [33, 33, 34] },
  { size: 20, counts: [16, 4, 0] },
].map(({ size, counts }) => ({
  size,
  counts,
  starts: counts.map((_, r) => counts.slice(0, r).reduce((a, b) => a + b, 0)),
}));

/** Each replica's shard becomes the sum; only the shards are compared. */
export const reduceScatterCases = shardings.map(
  ({ size, starts, counts }): KernelCase<'reduceScatter'> => ({
    title: `${size} elements in shards of ${counts.join(', ')}`,
    shares: ones(counts.length),
    attributes: () => ({ starts, counts }),
    reads: { x: batch(integers('reduce-scatter', counts.length * size, 1000)) },
    compare: 'exact',
    region: (replica) => ({ start: starts[replica], count: counts[replica] }),
  }),
);

/** Every shard comes from its owner. */
export const allGatherShardsCases = shardings.map(
  ({ size, starts, counts }): KernelCase<'allGatherShards'> => ({
    title: `${size} elements in shards of ${counts.join(', ')}`,
    shares: ones(counts.length),
    attributes: () => ({ starts, counts }),
    reads: { x: batch(normals('all-gather shards', counts.length * size)) },
    compare: 'exact',
  }),
);
