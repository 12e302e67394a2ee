/** Where an interrupted epoch stands. */
export interface EpochPosition {
  /** Batches of the epoch that are done. */
  batch: number;
  /** Samples of them, and the sums over these samples of every figure. */
  samples: number;
  /** Sums of every figure over the samples done. */
  sums: Record<string, number>;
}
