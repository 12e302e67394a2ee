import { type RateDecayOptions, rateDecay } from './exponential-decay.js';
import type { LearningRateSchedule } from './schedule.js';

/**
 * initial / (1 + decayRate · iterations / decaySteps), as Keras's `InverseTimeDecay`.
 * @throws {ValueError} for options out of range.
 */
export function inverseTimeDecay(options: RateDecayOptions): LearningRateSchedule {
  const { initialLearningRate, decayRate } = options;
  const rateAfter = (decays: number) => initialLearningRate / (1 + decayRate * decays);
  return rateDecay('inverseTimeDecay', options, rateAfter);
}
