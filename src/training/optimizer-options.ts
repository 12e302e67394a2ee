import { ValueError } from '../core/errors.js';
import type { LearningRateLike } from './schedules/resolve-schedule.js';
import type { ByWeight } from './weight-patterns.js';

/** Options of every optimizer, with Keras's names in camelCase. */
export interface OptimizerOptions {
  /** Step size, a number or a schedule; each optimizer has its own default. */
  learningRate?: LearningRateLike;
  /**
   * Decoupled decay, as in Keras: before each update w −= learningRate · weightDecay · w. Default 0, for
   * `adamW` 0.004.
   */
  weightDecay?: number;
  /**
   * Weights that do not decay: patterns of names such as `bias`, `gamma`, `fc/kernel` or `res5*`. Without
   * normalisations and biases: `['bias', 'gamma', 'beta']`. Default: none.
   */
  excludeFromWeightDecay?: readonly string[];
  /** Multiples of `weightDecay` by pattern, such as `{ 'res5*': 2 }`; of several the last that fits counts. */
  weightDecayMultipliers?: ByWeight;
  /**
   * Multiples of `learningRate` by pattern, such as `{ '*': 0.1, fc: 1 }`; of several the last that fits
   * counts.
   */
  learningRateMultipliers?: ByWeight;
  /** The gradient of every weight is scaled down to this norm at most. Only one of the clips may be given. */
  clipNorm?: number;
  /** Every element of the gradients is brought into ±clipValue. */
  clipValue?: number;
  /** The gradients of all weights together are scaled down to this norm at most. */
  globalClipNorm?: number;
  /**
   * Weights change only every so many steps, an integer ≥ 2, by the mean of the gradients since; steps count
   * batches still. Default: every step.
   */
  gradientAccumulationSteps?: number;
  /** Keeps a moving average of the weights; default false. */
  useEma?: boolean;
  /** average = emaMomentum · average + (1 − emaMomentum) · weight after every step; default 0.99. */
  emaMomentum?: number;
  /** Updates after which the weights become their average, again and again; default: never. */
  emaOverwriteFrequency?: number;
}

/** What options of every optimizer are that have a default, where an optimizer has none of its own. */
export const optionDefaults = {
  weightDecay: 0,
  excludeFromWeightDecay: [],
  weightDecayMultipliers: {},
  learningRateMultipliers: {},
  useEma: false,
  emaMomentum: 0.99,
} as const satisfies OptimizerOptions;

type Check = (value: unknown, what: string) => void;

const numbersByWeight: Check = (value, what) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValueError(`${what} must be an object of numbers by pattern, got ${value}`);
  }
  for (const [pattern, factor] of Object.entries(value)) {
    requireRange(factor, 0, Number.MAX_VALUE, `${what}['${pattern}']`);
  }
};

const patterns: Check = (value, what) => {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return;
  throw new ValueError(`${what} must be an array of strings, got ${JSON.stringify(value)}`);
};

const integerFrom =
  (least: number): Check =>
  (value, what) => {
    if (Number.isSafeInteger(value) && (value as number) >= least) return;
    throw new ValueError(`${what} must be an integer ≥ ${least}, got ${value}`);
  };

const positive: Check = (value, what) => {
  if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) return;
  throw new ValueError(`${what} must be a finite number > 0, got ${value}`);
};

const flag: Check = (value, what) => {
  if (typeof value === 'boolean') return;
  throw new ValueError(`${what} must be true or false, got ${value}`);
};

const notNegative: Check = (value, what) => requireRange(value, 0, Number.MAX_VALUE, what);

const checks: Readonly<Record<keyof OptimizerOptions, Check>> = {
  // Whoever makes a schedule of it checks it.
  learningRate: () => undefined,
  weightDecay: notNegative,
  excludeFromWeightDecay: patterns,
  weightDecayMultipliers: numbersByWeight,
  learningRateMultipliers: numbersByWeight,
  clipNorm: positive,
  clipValue: positive,
  globalClipNorm: positive,
  gradientAccumulationSteps: integerFrom(2),
  useEma: flag,
  emaMomentum: (value, what) => requireRange(value, 0, 1, what),
  emaOverwriteFrequency: integerFrom(1),
};

const CLIPS = ['clipNorm', 'clipValue', 'globalClipNorm'] as const;

/** @throws {ValueError} unless it is a number from `low` to `high`. */
export function requireRange(value: unknown, low: number, high: number, what: string): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  const range =
    high === Number.MAX_VALUE ? `a finite number ≥ ${low}` : `between ${low} and ${high}`;
  throw new ValueError(`${what} must be ${range}, got ${value}`);
}

/**
 * Checks the options that all optimizers have.
 * @param own names of the optimizer's own options, for the message. @returns those that are given.
 * @throws {ValueError} for one out of range, or that no optimizer of this kind has.
 */
export function checkOptions(
  name: string,
  options: OptimizerOptions,
  own: readonly string[],
): OptimizerOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [option, value] of given) {
    if (!Object.hasOwn(checks, option)) {
      const known = [...own, ...Object.keys(checks)].join(', ');
      throw new ValueError(`${name} has no option '${option}'; its options are ${known}`);
    }
    checks[option as keyof OptimizerOptions](value, `${name}: ${option}`);
  }
  const clips = CLIPS.filter((clip) => options[clip] !== undefined);
  if (clips.length > 1) {
    throw new ValueError(`${name}: only one of ${CLIPS.join(', ')} may be given, got ${clips}`);
  }
  return Object.fromEntries(given);
}
