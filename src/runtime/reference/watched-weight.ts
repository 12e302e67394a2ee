import { samplePlace, sampleSize, type WatchedWeight } from '../watched-weight.js';

/** What a step found and did to a weight, from its values before and after and its gradient. */
export function watchedWeight(
  before: Float32Array,
  after: Float32Array,
  gradient: Float32Array,
): WatchedWeight {
  const count = gradient.length;
  const change = Float64Array.from(after, (value, i) => value - before[i]);
  return {
    count,
    weightSquares: sumOf(before, (value) => value ** 2),
    gradientSum: sumOf(gradient, (value) => value),
    gradientSquares: sumOf(gradient, (value) => value ** 2),
    gradientZeros: sumOf(gradient, (value) => Number(value === 0)),
    gradientSample: Float32Array.from({ length: sampleSize(count) }, (_, k) => {
      return Math.abs(gradient[samplePlace(k, count)]);
    }),
    changeSquares: sumOf(change, (value) => value ** 2),
  };
}

function sumOf(values: Iterable<number>, term: (value: number) => number): number {
  let sum = 0;
  for (const value of values) sum += term(value);
  return sum;
}
