import { type StateLayout, trainedWeights } from '../../plan/state-layout.js';
import { sampledBefore } from '../watched-weight.js';

/** What lies of a trained weight in a replica's shard; all count elements. */
export interface ShardPart {
  /** Where it begins in the shard, and how much there is. */
  from: number;
  count: number;
  /** Elements of the weight before it, and of the whole weight. */
  before: number;
  whole: number;
  /** The elements of the weight's sample in this part, by number: [firstSample, endSample). */
  firstSample: number;
  endSample: number;
}

/** A replica's shard of the trained weights: where it and its gradients lie in the state, in elements. */
export interface Shard {
  weights: number;
  gradients: number;
  count: number;
  /** Of every trained weight, in their order; some are empty. */
  parts: ShardPart[];
}

/** The shard of a replica. */
export function shardOf(layout: StateLayout, replica: number): Shard {
  const start = layout.shards.starts[replica];
  const count = layout.shards.counts[replica];
  const parts = trainedWeights(layout).map((weight) => {
    const first = Math.max(weight.start, start);
    const end = Math.max(Math.min(weight.start + weight.count, start + count), first);
    const before = first - weight.start;
    return {
      from: first - start,
      count: end - first,
      before,
      whole: weight.count,
      firstSample: sampledBefore(before, weight.count),
      endSample: sampledBefore(before + end - first, weight.count),
    };
  });
  return {
    weights: layout.trainable.offset + start,
    gradients: layout.gradients.offset + start,
    count,
    parts,
  };
}
