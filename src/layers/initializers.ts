import { UnknownNameError, ValueError } from '../core/errors.js';
import { type InitialValues, makeInitialValues } from '../core/initial-values.js';
import { type Shape, sizeOf } from '../core/shape.js';
import type { Initializer } from '../graph/variable.js';
import { requireNumber, show } from './option-checks.js';
import { SPREADS, VarianceScaling } from './variance-scaling.js';

/** Names of the initializers that need no options. */
export type InitializerName =
  | 'glorotUniform'
  | 'glorotNormal'
  | 'heUniform'
  | 'heNormal'
  | 'zeros'
  | 'ones';

/** An initializer, its name, or its description from a file. */
export type InitializerLike =
  | InitializerName
  | Initializer
  | { className: string; config?: Record<string, unknown> };

/** Option of the random initializers. */
export interface SeedOption {
  /**
   * With a seed, all weights of one shape get the same numbers, bit for bit those that Keras 3 on
   * TensorFlow draws for that seed and shape; without, each weight gets its own.
   */
  seed?: number;
}

/** The same value everywhere. */
class Constant implements Initializer {
  readonly #className: string;
  readonly #value: number;

  constructor(className: string, value: number) {
    this.#className = className;
    this.#value = value;
  }

  initialize(shape: Shape): Float32Array {
    return makeInitialValues(this.describe(), sizeOf(shape));
  }

  describe(): InitialValues {
    return { kind: 'constant', value: this.#value };
  }

  getConfig(): { className: string; config: Record<string, unknown> } {
    const config: Record<string, unknown> =
      this.#className === 'Constant' ? { value: this.#value } : {};
    return { className: this.#className, config };
  }
}

/** Uniform within ±√(6 / (fanIn + fanOut)). */
export const glorotUniform = (options: SeedOption = {}): Initializer =>
  new VarianceScaling('GlorotUniform', options.seed);
/** Truncated normal of variance 2 / (fanIn + fanOut). */
export const glorotNormal = (options: SeedOption = {}): Initializer =>
  new VarianceScaling('GlorotNormal', options.seed);
/** Uniform within ±√(6 / fanIn). */
export const heUniform = (options: SeedOption = {}): Initializer =>
  new VarianceScaling('HeUniform', options.seed);
/** Truncated normal of variance 2 / fanIn. */
export const heNormal = (options: SeedOption = {}): Initializer =>
  new VarianceScaling('HeNormal', options.seed);
/** 0 everywhere. */
export const zeros = (): Initializer => new Constant('Zeros', 0);
/** 1 everywhere. */
export const ones = (): Initializer => new Constant('Ones', 1);
/** `value` everywhere. @throws {ValueError} when it is not a finite number. */
export const constant = (value: number): Initializer =>
  new Constant('Constant', requireNumber(value, 'value', 'constant()', -Number.MAX_VALUE));

type Config = Record<string, unknown>;
const builders = new Map<string, (config: Config) => Initializer>([
  ...(Object.keys(SPREADS) as (keyof typeof SPREADS)[]).map(
    (name) => [name, ({ seed }: Config) => new VarianceScaling(name, seed as number)] as const,
  ),
  ['Zeros', zeros],
  ['Ones', ones],
  ['Constant', ({ value }) => constant(value as number)],
]);

function byName(name: string, config: Config): Initializer {
  const builder = builders.get(name.charAt(0).toUpperCase() + name.slice(1));
  if (builder !== undefined) return builder(config);
  const known = [...builders.keys()].map((key) => key.charAt(0).toLowerCase() + key.slice(1));
  throw new UnknownNameError('initializer', name, known);
}

/**
 * The initializer that is meant by a name, a description or an initializer.
 * @throws {UnknownNameError} for an unknown name. @throws {ValueError} for something else.
 */
export function resolveInitializer(like: InitializerLike): Initializer {
  if (typeof like === 'string') return byName(like, {});
  if (typeof like === 'object' && like !== null) {
    if ('initialize' in like && typeof like.initialize === 'function') return like;
    if ('className' in like && typeof like.className === 'string') {
      const { config } = like;
      return byName(like.className, typeof config === 'object' && config !== null ? config : {});
    }
  }
  throw new ValueError(
    `an initializer must be a name such as 'glorotUniform' or an object such as glorotUniform({ seed: 0 }), got ${show(like)}`,
  );
}
