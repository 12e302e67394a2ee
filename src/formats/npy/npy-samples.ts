import { DataError } from '../../core/errors.js';
import type { NpyArray } from './decode-npy.js';

/** Whole numbers up to this are themselves in float32. */
const LARGEST_EXACT = 2 ** 24;

/**
 * An array as samples for `fit` or an `ArrayDataset`: bytes stay bytes, all else becomes float32.
 * @param source its name. @throws DataError for a whole number that float32 does not hold.
 */
export function npySamples(
  { data, shape, dtype }: NpyArray,
  source: string,
): { data: Uint8Array | Float32Array; shape: readonly number[] } {
  if (!(data instanceof Float64Array)) return { data, shape };
  const whole = /[iu]/.test(dtype);
  for (let i = 0; whole && i < data.length; i++) {
    if (Math.abs(data[i]) <= LARGEST_EXACT) continue;
    throw new DataError(
      `${source} holds ${data[i]} at index ${i}, but networks take float32, which is exact up to ${LARGEST_EXACT}.`,
    );
  }
  return { data: Float32Array.from(data), shape };
}
