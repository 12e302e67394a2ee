/** What a step found and did to a trained weight, in figures from which norms, means and quantiles follow. */
export interface WatchedWeight {
  /** How many elements it has. */
  readonly count: number;
  /** Σ w² before the step. */
  readonly weightSquares: number;
  /** Σ g of the gradient, as the optimizer used it. */
  readonly gradientSum: number;
  /** Σ g². */
  readonly gradientSquares: number;
  /** Exact zeros in g. */
  readonly gradientZeros: number;
  /** |g| of the elements at `samplePlace`, in any order. */
  readonly gradientSample: Float32Array;
  /** Σ (Δw)² of the change that the step made. */
  readonly changeSquares: number;
}

/** Elements of a weight from which quantiles are taken, at most. */
const MOST_SAMPLED = 512;

/** How many of a weight's elements its sample has: all of them up to 512. */
export function sampleSize(count: number): number {
  return Math.min(count, MOST_SAMPLED);
}

/**
 * Place of element k of the sample among the `count` elements of a weight: one in every run of equally many,
 * at a place that moves on by the golden ratio, so that no axis of the weight is seen at a few places only.
 */
export function samplePlace(k: number, count: number): number {
  if (count <= MOST_SAMPLED) return k;
  // Few enough bits for the products to be exact.
  const turn = (Math.imul(k, 0x9e3779b1) >>> 16) / 2 ** 16;
  return Math.floor(((k + turn) * count) / MOST_SAMPLED);
}

/** How many elements of a weight's sample lie before element `place` of it, which may be its end. */
export function sampledBefore(place: number, count: number): number {
  if (count <= MOST_SAMPLED || place >= count) return Math.min(place, MOST_SAMPLED);
  const k = Math.floor((place * MOST_SAMPLED) / count);
  return samplePlace(k, count) < place ? k + 1 : k;
}
