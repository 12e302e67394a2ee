import { type StateLayout, trainedWeights } from '../../plan/state-layout.js';
import type { WatchedWeight } from '../watched-weight.js';
import type { Shard } from './shard-parts.js';
import { FIGURES, type WatchedShard } from './update-watch.js';

/** Puts together what the replicas saw of their shards, both in their order. */
export function joinShards(
  layout: StateLayout,
  shards: readonly Shard[],
  seen: readonly WatchedShard[],
): Map<string, WatchedWeight> {
  const taken = seen.map(() => 0);
  return new Map(
    trainedWeights(layout).map(({ entry, count }, weight) => {
      const sums = new Float64Array(FIGURES);
      const samples = seen.map(({ figures, sample }, replica) => {
        for (let i = 0; i < FIGURES; i++) sums[i] += figures[FIGURES * weight + i];
        const { firstSample, endSample } = shards[replica].parts[weight];
        const first = taken[replica];
        taken[replica] += endSample - firstSample;
        return sample.subarray(first, taken[replica]);
      });
      const [weightSquares, gradientSum, gradientSquares, gradientZeros, changeSquares] = sums;
      const gradientSample = join(samples);
      return [
        entry,
        {
          count,
          weightSquares,
          gradientSum,
          gradientSquares,
          gradientZeros,
          gradientSample,
          changeSquares,
        },
      ];
    }),
  );
}

function join(arrays: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(arrays.reduce((total, { length }) => total + length, 0));
  let first = 0;
  for (const array of arrays) {
    joined.set(array, first);
    first += array.length;
  }
  return joined;
}
