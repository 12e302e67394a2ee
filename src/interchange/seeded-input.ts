import { type Shape, sizeOf } from '../core/shape.js';

/** How far apart the numbers of two inputs of one model start. */
const STRIDE = 1_000_003;

/**
 * Numbers in [0, 1) for an input, the same on every machine and easily made again in Python: element i
 * mixes the 32-bit integer start + i by two odd factors and keeps 24 bits, which a float32 holds exactly.
 * @param shape of the whole array. @param start first integer.
 */
export function seededInput(shape: Shape, start: number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) {
    const h = Math.imul(start + i, 2654435761) >>> 0;
    values[i] = (Math.imul(h ^ (h >>> 15), 2246822519) >>> 8) / 2 ** 24;
  }
  return values;
}

/** The first integer of an input. @param seed of the receipt. @param index of the input. */
export function startOf(seed: number, index: number): number {
  return seed + index * STRIDE;
}

/** A Python function of an input of a receipt that makes the same numbers; `np` is NumPy. */
export const PYTHON_SEEDED_INPUT =
  "f = lambda i: ((lambda h: (h ^ h >> 15) * 2246822519 % 2**32 >> 8)((np.arange(np.prod(i['shape']), dtype='u8') + i['start']) * 2654435761 % 2**32) / 2**24).astype('f4').reshape(i['shape'])";
