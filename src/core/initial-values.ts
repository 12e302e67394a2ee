import { Random } from './random.js';

/**
 * First values of an array, described, so that whoever holds the array can make them in place: the same
 * everywhere, or uniform within ±limit, element i being draw i of `Random(seed, stream)`.
 */
export type InitialValues =
  | { readonly kind: 'constant'; readonly value: number }
  | {
      readonly kind: 'uniform';
      readonly limit: number;
      readonly seed: number;
      readonly stream: readonly [number, number];
    };

/** Makes `size` values of a description. */
export function makeInitialValues(initial: InitialValues, size: number): Float32Array {
  const values = new Float32Array(size);
  if (initial.kind === 'constant') return values.fill(initial.value);
  const { limit, seed, stream } = initial;
  const random = new Random(seed, stream);
  for (let i = 0; i < size; i++) values[i] = (2 * random.uniform() - 1) * limit;
  return values;
}
