import { type InitialValues, makeInitialValues } from '../core/initial-values.js';
import { hashName, Random } from '../core/random.js';
import { type Shape, sizeOf } from '../core/shape.js';
import { statelessTruncatedNormal, statelessUniform } from '../core/stateless-random.js';
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
   * @param className which spread. @param seed with one, all weights of one shape get the same numbers,
   * those that Keras 3 draws on TensorFlow for that seed and shape; without, each gets its own, derived
   * from the seed set by `setRandomSeed` and the weight's path.
   * @throws {ValueError} when the seed is not an integer ≥ 0.
   */
  constructor(className: keyof typeof SPREADS, seed?: number | null) {
    this.#className = className;
    this.#seed = seed === undefined || seed === null ? undefined : requireSeed(seed);
  }

  initialize(shape: Shape, path: string): Float32Array {
    const count = sizeOf(shape);
    const described = this.describe(shape, path);
    if (described !== undefined) return makeInitialValues(described, count);
    const limit = this.#limit(shape);
    const deviation = Math.sqrt(this.#variance(shape)) / TRUNCATED_DEVIATION;
    if (this.#seed !== undefined) {
      return this.#isUniform
        ? statelessUniform(this.#seed, count, -limit, limit)
        : statelessTruncatedNormal(this.#seed, count, deviation);
    }
    const random = new Random(this.#generalSeed, [STREAM, hashName(path)]);
    return Float32Array.from({ length: count }, () => random.truncatedNormal() * deviation);
  }

  /**
   * Uniform values without a seed of their own only: logarithm and cosine of truncated normal ones differ
   * between engines, and those of a seed are Keras's.
   */
  describe(shape: Shape, path: string): InitialValues | undefined {
    if (!this.#isUniform || this.#seed !== undefined) return undefined;
    const stream = [STREAM, hashName(path)] as const;
    return { kind: 'uniform', limit: this.#limit(shape), seed: this.#generalSeed, stream };
  }

  get #isUniform(): boolean {
    return SPREADS[this.#className].distribution === 'uniform';
  }

  #variance(shape: Shape): number {
    const { scale, fan } = SPREADS[this.#className];
    return scale / Math.max(1, fansOf(shape)[fan]);
  }

  #limit(shape: Shape): number {
    return Math.sqrt(3 * this.#variance(shape));
  }

  getConfig(): { className: string; config: Record<string, unknown> } {
    return { className: this.#className, config: { seed: this.#seed ?? null } };
  }
}
