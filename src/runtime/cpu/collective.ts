/**
 * What replicas do together. Every replica calls the same methods in the same order; a call returns
 * when its part is done. Addresses are bytes in the replica's own memory, sizes count elements.
 */
export interface Collective {
  /** This replica's number. */
  readonly replica: number;
  /** How many replicas there are. */
  readonly replicas: number;
  /** Milliseconds spent so far in waiting for the others. */
  readonly waited: number;
  /** Waits until every replica is here. */
  barrier(): void;
  /** target[i] = Σ over replicas of source[i], added in replica order; target may be source. */
  allReduceSum(source: number, target: number, size: number): void;
  /** target `[replicas, size]` = every replica's source. */
  allGather(source: number, target: number, size: number): void;
  /** Replica r's elements [starts[r], starts[r] + counts[r]) become their sum over replicas. */
  reduceScatter(base: number, starts: readonly number[], counts: readonly number[]): void;
  /** Copies every replica's elements [starts[r], starts[r] + counts[r]) to all replicas. */
  allGatherShards(base: number, starts: readonly number[], counts: readonly number[]): void;
  /**
   * `reduceScatter` of the gradients, `update` of the own shard by them, and `allGatherShards` of the weights
   * as one, chunk by chunk: what one leaves is still in the cache when the next takes it. The same bits.
   * @param update changes so many weights of the own shard, counted from its start.
   */
  updateShards(
    gradients: number,
    weights: number,
    starts: readonly number[],
    counts: readonly number[],
    update: (from: number, count: number) => void,
  ): void;
}
