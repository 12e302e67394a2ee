import { describeRate } from './describe-rate.js';
import { requireAtLeast } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `warmUp`. */
export interface WarmUpOptions {
  /** Rate of the first step; default 0. */
  initialLearningRate?: number;
}

/**
 * Rises in a straight line, over so many steps, to the rate that another schedule begins with, and goes on
 * with that one from its beginning (Goyal et al., 2017).
 * @param schedule what comes after, or a constant rate. @param steps steps of the rise.
 * @throws {ValueError} for options out of range.
 */
export function warmUp(
  schedule: number | LearningRateSchedule,
  steps: number,
  { initialLearningRate = 0 }: WarmUpOptions = {},
): LearningRateSchedule {
  requireAtLeast(steps, 0, 'warmUp: steps');
  requireAtLeast(initialLearningRate, 0, 'warmUp: initialLearningRate');
  if (typeof schedule === 'number') requireAtLeast(schedule, 0, 'warmUp: schedule');
  const rateAt = (i: number) => (typeof schedule === 'number' ? schedule : schedule.at(i));
  return {
    name: 'warmUp',
    at(iterations) {
      if (iterations >= steps) return rateAt(iterations - steps);
      return initialLearningRate + (rateAt(0) - initialLearningRate) * (iterations / steps);
    },
    getConfig: () => ({ schedule: describeRate(schedule), steps, initialLearningRate }),
  };
}
