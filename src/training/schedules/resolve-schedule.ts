import { UnknownNameError, ValueError } from '../../core/errors.js';
import {
  isNamedOptions,
  type NamedOptions,
  optionsOf,
  requireKnownOptions,
} from '../../core/named-options.js';
import { type CosineDecayOptions, cosineDecay } from './cosine-decay.js';
import { type CosineDecayRestartsOptions, cosineDecayRestarts } from './cosine-decay-restarts.js';
import { exponentialDecay, type RateDecayOptions } from './exponential-decay.js';
import { inverseTimeDecay } from './inverse-time-decay.js';
import { type OneCycleOptions, oneCycle } from './one-cycle.js';
import { requireAtLeast } from './option-checks.js';
import {
  type PiecewiseConstantDecayOptions,
  piecewiseConstantDecay,
} from './piecewise-constant-decay.js';
import { type PolynomialDecayOptions, polynomialDecay } from './polynomial-decay.js';
import type { LearningRateSchedule } from './schedule.js';
import { warmUp } from './warm-up.js';

/**
 * A learning rate: a number, a schedule, a schedule by name with its options (as in JSON), or a function
 * of the number of steps done.
 */
export type LearningRateLike =
  | number
  | LearningRateSchedule
  | NamedOptions
  | ((iterations: number) => number);

interface Row {
  readonly options: readonly string[];
  /** Every factory checks its options itself. */
  make(options: Readonly<Record<string, unknown>>): LearningRateSchedule;
}

function row<T extends object>(
  factory: (options: T) => LearningRateSchedule,
  options: readonly (keyof T & string)[],
): Row {
  return { options, make: (values) => factory(values as T) };
}

const DECAY = ['initialLearningRate', 'decaySteps', 'decayRate', 'staircase'] as const;

const rows: Readonly<Record<string, Row>> = {
  cosineDecay: row<CosineDecayOptions>(cosineDecay, [
    'initialLearningRate',
    'decaySteps',
    'alpha',
    'warmupTarget',
    'warmupSteps',
  ]),
  cosineDecayRestarts: row<CosineDecayRestartsOptions>(cosineDecayRestarts, [
    'initialLearningRate',
    'firstDecaySteps',
    'tMul',
    'mMul',
    'alpha',
  ]),
  exponentialDecay: row<RateDecayOptions>(exponentialDecay, DECAY),
  inverseTimeDecay: row<RateDecayOptions>(inverseTimeDecay, DECAY),
  oneCycle: row<OneCycleOptions>(oneCycle, [
    'maxLearningRate',
    'totalSteps',
    'pctStart',
    'annealStrategy',
    'divFactor',
    'finalDivFactor',
    'threePhase',
  ]),
  piecewiseConstantDecay: row<PiecewiseConstantDecayOptions>(piecewiseConstantDecay, [
    'boundaries',
    'values',
  ]),
  polynomialDecay: row<PolynomialDecayOptions>(polynomialDecay, [
    'initialLearningRate',
    'decaySteps',
    'endLearningRate',
    'power',
    'cycle',
  ]),
  warmUp: {
    options: ['schedule', 'steps', 'initialLearningRate'],
    make: ({ schedule, steps, ...options }) =>
      warmUp(resolveLearningRate(schedule, 'warmUp: schedule'), Number(steps), options),
  },
};

/** Names that `resolveSchedule` accepts. */
export const scheduleNames: readonly string[] = Object.keys(rows);

/**
 * The schedule of a name, for descriptions in JSON.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options that it does not
 * have, or out of range.
 */
export function resolveSchedule(
  name: string,
  config: Readonly<Record<string, unknown>> = {},
): LearningRateSchedule {
  if (!Object.hasOwn(rows, name)) throw new UnknownNameError('schedule', name, scheduleNames);
  const { options, make } = rows[name];
  requireKnownOptions(name, config, options);
  return make(config);
}

/**
 * The number or the schedule that a user means.
 * @param what the option, for messages.
 * @throws {UnknownNameError} for the name of no schedule. @throws {ValueError} for anything else.
 */
export function resolveLearningRate(rate: unknown, what: string): number | LearningRateSchedule {
  if (typeof rate === 'number') return requireAtLeast(rate, 0, what);
  if (typeof rate === 'function') return ownSchedule(rate as (iterations: number) => number);
  if (isSchedule(rate)) return rate;
  if (isNamedOptions(rate)) return resolveSchedule(rate.name, optionsOf(rate));
  throw new ValueError(
    `${what} must be a finite number ≥ 0, a schedule or { name, …options } of one, got ${JSON.stringify(rate)}`,
  );
}

function isSchedule(value: unknown): value is LearningRateSchedule {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as LearningRateSchedule).at === 'function'
  );
}

/** A function of the user's own; files hold its name only. */
function ownSchedule(at: (iterations: number) => number): LearningRateSchedule {
  return { name: `custom:${at.name}`, at, getConfig: () => ({}) };
}
