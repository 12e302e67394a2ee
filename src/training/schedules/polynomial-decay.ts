import { requireAtLeast, requireFlag, requirePositive } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `polynomialDecay`, with Keras's names and defaults. */
export interface PolynomialDecayOptions {
  /** Rate of the first step. */
  initialLearningRate: number;
  /** Steps until the end rate is reached. */
  decaySteps: number;
  /** Rate from then on; default 0.0001. */
  endLearningRate?: number;
  /** Power of the polynomial; default 1, a straight line. */
  power?: number;
  /** Whether the decay is stretched to the next multiple of `decaySteps` instead of ending; default false. */
  cycle?: boolean;
}

/**
 * (initial − end) · (1 − iterations / decaySteps)^power + end, as Keras's `PolynomialDecay`.
 * @throws {ValueError} for options out of range.
 */
export function polynomialDecay(options: PolynomialDecayOptions): LearningRateSchedule {
  const { initialLearningRate, decaySteps } = options;
  const { endLearningRate = 0.0001, power = 1, cycle = false } = options;
  requireAtLeast(initialLearningRate, 0, 'polynomialDecay: initialLearningRate');
  requirePositive(decaySteps, 'polynomialDecay: decaySteps');
  requireAtLeast(endLearningRate, 0, 'polynomialDecay: endLearningRate');
  requirePositive(power, 'polynomialDecay: power');
  requireFlag(cycle, 'polynomialDecay: cycle');
  return {
    name: 'polynomialDecay',
    at(iterations) {
      const steps = cycle
        ? decaySteps * Math.max(1, Math.ceil(iterations / decaySteps))
        : decaySteps;
      const left = 1 - Math.min(iterations, steps) / steps;
      return (initialLearningRate - endLearningRate) * left ** power + endLearningRate;
    },
    getConfig: () => ({ initialLearningRate, decaySteps, endLearningRate, power, cycle }),
  };
}
