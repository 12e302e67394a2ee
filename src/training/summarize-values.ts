import { valuesAtRanks } from './values-at-ranks.js';

/** The size of some numbers in a few figures. */
export interface ValueSummary {
  /** How many numbers there are. */
  readonly count: number;
  /** Arithmetic mean. */
  readonly mean: number;
  /** Root of the mean square. */
  readonly rms: number;
  /** Euclidean norm. */
  readonly norm: number;
  /** Share of exact zeros, 0 to 1. */
  readonly zeros: number;
  /**
   * Quantiles of the absolute values: 5 %, 25 %, 50 %, 75 %, 95 %, from at most 4096 of them, or 512 where
   * they are of a step of training itself.
   */
  readonly quantiles: readonly number[];
}

const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];
const MOST_SORTED = 4096;

/** Summarises numbers: exact mean, root mean square, norm and zeros; quantiles from an even sample. */
export function summarizeValues(values: Float32Array): ValueSummary {
  let sum = 0;
  let squares = 0;
  let zeros = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    sum += value;
    squares += value * value;
    if (value === 0) zeros++;
  }
  const count = values.length;
  const share = Math.max(count, 1);
  return {
    count,
    mean: sum / share,
    rms: Math.sqrt(squares / share),
    norm: Math.sqrt(squares),
    zeros: zeros / share,
    quantiles: quantilesOf(sampleOf(values)),
  };
}

/** An even sample of absolute values. */
function sampleOf(values: Float32Array): Float32Array {
  const stride = Math.max(1, Math.ceil(values.length / MOST_SORTED));
  const sample = new Float32Array(Math.ceil(values.length / stride));
  for (let i = 0; i < sample.length; i++) sample[i] = Math.abs(values[i * stride]);
  return sample;
}

/** Quantiles of numbers ≥ 0; of none they are 0. */
export function quantilesOf(sample: Float32Array): number[] {
  if (sample.length === 0) return QUANTILES.map(() => 0);
  const ranks = QUANTILES.map((q) => Math.round(q * (sample.length - 1)));
  return valuesAtRanks(sample, ranks);
}
