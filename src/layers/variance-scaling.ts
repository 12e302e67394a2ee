import { type InitialValues, makeInitialValues } from '../core/initial-values.js';
import { hashName, Random } from '../core/random.js';
import { type Shape, sizeOf } from '../core/shape.js';
import type { Initializer } from '../graph/variable.js';
import { randomSeed, requireSeed } from './random-seed.js';

/** How far random first weights spread: variance = scale / fan. */
interface Spread {
  scale: number;
  fan: 'in' | 'average';
  distribution: 'uniform' | 'truncatedNormal';
}

/** The named initializers of this family, with their class names in files. */
export const SPREADS = {
  GlorotUniform: { scale: 1, fan: 'average', distribution: 'uniform' },
  GlorotNormal: { scale: 1, fan: 'average', distribution: 'truncatedNormal' },
  HeUniform: { scale: 2, fan: 'in', distribution: 'uniform' },
  HeNormal: { scale: 2, fan: 'in', distribution: 'truncatedNormal' },
} satisfies Record<string, Spread>;

// Standard deviation of the standard normal distribution cut off at ±2.
const TRUNCATED_DEVIATION = 0.87962566103423978;

const STREAM = hashName('initializer');

/** Inputs and outputs of one unit of a weight `[...receptive field, in, out]`, as Keras counts them. */
function fansOf(shape: Shape): { in: number; average: number } {
  if (shape.length === 0) return { in: 1, average: 1 };
  if (shape.length === 1) return { in: shape[0], average: shape[0] };
  const [inputs, outputs] = shape.slice(-2);
  const field = sizeOf(shape.slice(0, -2));
  return { in: inputs * field, average: ((inputs + outputs) * field) / 2 };
}

/**
 * Random values whose variance is scale / fan. Uniform ones lie within ±√(3 · scale / fan); normal ones
 * are truncated at two deviations and widened so that their variance is right. Sources: Glorot and
 * Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010); He et al.,
 * "Delving deep into rectifiers" (2015).
 */
export class VarianceScaling implements Initializer {
  readonly #className: keyof typeof SPREADS;
  readonly #seed: number | undefined;
  readonly #generalSeed = randomSeed();

  /**
   * @param className which spread. @param seed with one, all weights of one shape get the same numbers;
   * without, each gets its own, derived from the seed set by `setRandomSeed` and the weight's path.
   * @throws {ValueError} when the seed is not an integer ≥ 0.
   */
  constructor(className: keyof typeof SPREADS, seed?: number | null) {
    this.#className = className;
    this.#seed = seed === undefined || seed === null ? undefined : requireSeed(seed);
  }

  initialize(shape: Shape, path: string): Float32Array {
    const described = this.describe(shape, path);
    if (described !== undefined) return makeInitialValues(described, sizeOf(shape));
    const { seed, stream } = this.#source(path);
    const random = new Random(seed, stream);
    const deviation = Math.sqrt(this.#variance(shape)) / TRUNCATED_DEVIATION;
    return Float32Array.from({ length: sizeOf(shape) }, () => random.truncatedNormal() * deviation);
  }

  /** Uniform values only: logarithm and cosine of truncated normal ones differ between engines. */
  describe(shape: Shape, path: string): InitialValues | undefined {
    if (SPREADS[this.#className].distribution !== 'uniform') return undefined;
    const limit = Math.sqrt(3 * this.#variance(shape));
    return { kind: 'uniform', limit, ...this.#source(path) };
  }

  #variance(shape: Shape): number {
    const { scale, fan } = SPREADS[this.#className];
    return scale / Math.max(1, fansOf(shape)[fan]);
  }

  /** Where the draws come from: an own seed makes them the same for all weights of a shape. */
  #source(path: string): { seed: number; stream: readonly [number, number] } {
    return this.#seed === undefined
      ? { seed: this.#generalSeed, stream: [STREAM, hashName(path)] }
      : { seed: this.#seed, stream: [STREAM, 0] };
  }

  getConfig(): { className: string; config: Record<string, unknown> } {
    return { className: this.#className, config: { seed: this.#seed ?? null } };
  }
}
