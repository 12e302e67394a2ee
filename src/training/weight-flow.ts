import type { WatchedWeight } from '../runtime/watched-weight.js';
import { quantilesOf, type ValueSummary } from './summarize-values.js';

/** A weight, its gradient, and how far the step moved it. */
export interface WeightFlow {
  /** Norm of the weight before the step. */
  readonly weight: number;
  /**
   * Its gradient on the samples looked at; without `data`, in the step, as the optimizer used it, with quantiles
   * that are exact for up to 512 elements; of larger weights 512 are taken, and their ranks are right to some 2 %.
   */
  readonly gradient: ValueSummary;
  /** Norm of the change that the step made; undefined where updates are not measured. */
  readonly update: number | undefined;
}

/** Norms, means and quantiles from what was seen in a step. */
export function weightFlow(seen: WatchedWeight): WeightFlow {
  const { count, weightSquares, gradientSquares, changeSquares } = seen;
  const share = Math.max(count, 1);
  const gradient = {
    count,
    mean: seen.gradientSum / share,
    rms: Math.sqrt(gradientSquares / share),
    norm: Math.sqrt(gradientSquares),
    zeros: seen.gradientZeros / share,
    quantiles: quantilesOf(seen.gradientSample),
  };
  return { weight: Math.sqrt(weightSquares), gradient, update: Math.sqrt(changeSquares) };
}
