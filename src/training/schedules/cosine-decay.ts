import { ValueError } from '../../core/errors.js';
import { requireAtLeast, requirePositive } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `cosineDecay`, with Keras's names and defaults. */
export interface CosineDecayOptions {
  /** Rate of the first step. */
  initialLearningRate: number;
  /** Steps of the decay, which begins after the warm-up. */
  decaySteps: number;
  /** Rate at the end, as a share of the rate that the decay begins with; default 0. */
  alpha?: number;
  /** Rate that a warm-up reaches, from which the decay then begins; without it there is no warm-up. */
  warmupTarget?: number;
  /** Steps of the warm-up; default 0. */
  warmupSteps?: number;
}

/**
 * Half a cosine from the initial rate to its share `alpha` (Loshchilov and Hutter, 2017), after a linear
 * warm-up from the initial rate to `warmupTarget` where one is given; as Keras's `CosineDecay`.
 * @throws {ValueError} for options out of range.
 */
export function cosineDecay(options: CosineDecayOptions): LearningRateSchedule {
  const { initialLearningRate, decaySteps, alpha = 0, warmupSteps = 0 } = options;
  const warmupTarget = options.warmupTarget ?? undefined;
  requireAtLeast(initialLearningRate, 0, 'cosineDecay: initialLearningRate');
  requirePositive(decaySteps, 'cosineDecay: decaySteps');
  requireAtLeast(alpha, 0, 'cosineDecay: alpha');
  requireAtLeast(warmupSteps, 0, 'cosineDecay: warmupSteps');
  if (warmupTarget !== undefined) requireAtLeast(warmupTarget, 0, 'cosineDecay: warmupTarget');
  else if (warmupSteps > 0) {
    throw new ValueError(
      `cosineDecay has ${warmupSteps} warmupSteps but no warmupTarget; give the rate that the warm-up reaches as warmupTarget`,
    );
  }
  const top = warmupTarget ?? initialLearningRate;
  return {
    name: 'cosineDecay',
    at(iterations) {
      if (iterations < warmupSteps) {
        return initialLearningRate + (top - initialLearningRate) * (iterations / warmupSteps);
      }
      const done = Math.min((iterations - warmupSteps) / decaySteps, 1);
      return top * ((1 - alpha) * halfCosine(done) + alpha);
    },
    getConfig: () => ({
      initialLearningRate,
      decaySteps,
      alpha,
      ...(warmupTarget !== undefined && { warmupTarget, warmupSteps }),
    }),
  };
}

/** Falls from 1 to 0 along half a cosine while `done` goes from 0 to 1. */
export function halfCosine(done: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * done));
}
