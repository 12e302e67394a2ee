import { logFloat32, sinCosFloat32 } from './float32-math.js';
import { philox } from './random.js';

/** Key with which TensorFlow scrambles a seed. */
const SCRAMBLE_KEY = Uint32Array.of(0x3ec8f720, 0x02461e29);
/** Keras takes a seed modulo this, 2^31 − 2, to make an int32 of it. */
const SEED_MODULUS = 0x7ffffffe;
const BLOCK = 4;
const MANTISSA = 0x7fffff;
/** Blocks of the generator that TensorFlow reserves for four truncated normal numbers. */
const BLOCKS_RESERVED = 256;
const TRUNCATION = 2;
const LEAST_UNIFORM = Math.fround(1e-7);

/** The generator of a seed: fills `out` with the four words of a block. */
function blocksOf(seed: number): (block: number, out: Uint32Array) => void {
  const mixed = new Uint32Array(BLOCK);
  philox(Uint32Array.of(seed % SEED_MODULUS, 0, 0, 0), SCRAMBLE_KEY, mixed);
  const key = mixed.slice(0, 2);
  const counter = Uint32Array.of(0, 0, mixed[2], mixed[3]);
  return (block, out) => {
    counter[0] = block % 2 ** 32;
    counter[1] = Math.floor(block / 2 ** 32);
    philox(counter, key, out);
  };
}

/** A float32 in [0, 1) of the lower 23 bits. */
const toUnit = (word: number) => (word & MANTISSA) / (MANTISSA + 1);

/**
 * What `keras.random.uniform(shape, minval, maxval, seed=seed)` draws on TensorFlow, bit for bit:
 * Philox4x32-10 with TensorFlow's scrambled key, 23 bits a number, float32 arithmetic.
 * @param seed an integer ≥ 0. @param count of numbers. @param low, @param high limits.
 */
export function statelessUniform(
  seed: number,
  count: number,
  low: number,
  high: number,
): Float32Array {
  const { fround } = Math;
  const least = fround(low);
  const range = fround(fround(high) - least);
  const values = new Float32Array(count);
  const words = new Uint32Array(BLOCK);
  const fill = blocksOf(seed);
  for (let i = 0; i < count; i++) {
    if (i % BLOCK === 0) fill(i / BLOCK, words);
    values[i] = fround(toUnit(words[i % BLOCK]) * range) + least;
  }
  return values;
}

/** Two standard normal float32 numbers of two words (Box and Muller, 1958), as TensorFlow computes them. */
function normalPair(first: number, second: number): [number, number] {
  const { fround } = Math;
  const uniform = Math.max(toUnit(first), LEAST_UNIFORM);
  const radius = fround(Math.sqrt(fround(-2 * logFloat32(uniform))));
  const [sine, cosine] = sinCosFloat32(fround(2 * Math.PI * toUnit(second)));
  return [fround(sine * radius), fround(cosine * radius)];
}

/**
 * What `keras.random.truncated_normal(shape, 0, deviation, seed=seed)` draws on TensorFlow, bit for bit
 * where TensorFlow runs on a processor with glibc: normal numbers within two deviations, four at a time
 * from blocks of their own, in float32 arithmetic.
 * @param seed an integer ≥ 0. @param count of numbers. @param deviation before truncation.
 */
export function statelessTruncatedNormal(
  seed: number,
  count: number,
  deviation: number,
): Float32Array {
  const scale = Math.fround(deviation);
  const values = new Float32Array(count);
  const words = new Uint32Array(BLOCK);
  const fill = blocksOf(seed);
  for (let start = 0; start < count; start += BLOCK) {
    const end = Math.min(start + BLOCK, count);
    let block = (start / BLOCK) * BLOCKS_RESERVED;
    for (let i = start; i < end; ) {
      fill(block++, words);
      for (let word = 0; word < BLOCK; word += 2) {
        for (const value of normalPair(words[word], words[word + 1])) {
          if (Math.abs(value) < TRUNCATION && i < end) values[i++] = value * scale;
        }
      }
    }
  }
  return values;
}
