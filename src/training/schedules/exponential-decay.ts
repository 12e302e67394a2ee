import { requireAtLeast, requireFlag, requirePositive } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `exponentialDecay` and `inverseTimeDecay`, with Keras's names. */
export interface RateDecayOptions {
  /** Rate of the first step. */
  initialLearningRate: number;
  /** Steps in which the decay is applied once. */
  decaySteps: number;
  /** What is applied: a factor of the exponential decay, a slope of the other. */
  decayRate: number;
  /** Whether the rate falls only after whole `decaySteps`; default false. */
  staircase?: boolean;
}

/** Checks the options of a decay and gives its rate at a number of decays. */
export function rateDecay(
  name: string,
  options: RateDecayOptions,
  rateAfter: (decays: number) => number,
): LearningRateSchedule {
  const { initialLearningRate, decaySteps, decayRate, staircase = false } = options;
  requireAtLeast(initialLearningRate, 0, `${name}: initialLearningRate`);
  requirePositive(decaySteps, `${name}: decaySteps`);
  requireAtLeast(decayRate, 0, `${name}: decayRate`);
  requireFlag(staircase, `${name}: staircase`);
  return {
    name,
    at(iterations) {
      const decays = iterations / decaySteps;
      return rateAfter(staircase ? Math.floor(decays) : decays);
    },
    getConfig: () => ({ initialLearningRate, decaySteps, decayRate, staircase }),
  };
}

/**
 * initial · decayRate^(iterations / decaySteps), as Keras's `ExponentialDecay`.
 * @throws {ValueError} for options out of range.
 */
export function exponentialDecay(options: RateDecayOptions): LearningRateSchedule {
  const { initialLearningRate, decayRate } = options;
  const rateAfter = (decays: number) => initialLearningRate * decayRate ** decays;
  return rateDecay('exponentialDecay', options, rateAfter);
}
