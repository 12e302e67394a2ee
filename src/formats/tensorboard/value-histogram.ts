/** How numbers are spread. */
export interface ValueHistogram {
  /** Smallest and largest number. */
  readonly min: number;
  /** Largest number. */
  readonly max: number;
  /** How many there are, their sum and that of their squares. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** Sum of their squares. */
  readonly squares: number;
  /** Upper ends of the buckets. */
  readonly limits: readonly number[];
  /** How many numbers lie in each. */
  readonly counts: readonly number[];
}

const BUCKETS = 30;

/** Counts finite numbers in 30 buckets of equal width, or one where all are the same. */
export function valueHistogram(values: Float32Array): ValueHistogram {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [count, sum, squares] = [0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    count++;
    sum += value;
    squares += value * value;
  }
  if (count === 0) return { min: 0, max: 0, count, sum, squares, limits: [0], counts: [0] };
  const buckets = min === max ? 1 : BUCKETS;
  const width = (max - min) / buckets;
  const counts = new Array<number>(buckets).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    counts[width === 0 ? 0 : Math.min(buckets - 1, Math.floor((value - min) / width))]++;
  }
  const limits = counts.map((_, i) => (i === buckets - 1 ? max : min + width * (i + 1)));
  return { min, max, count, sum, squares, limits, counts };
}
