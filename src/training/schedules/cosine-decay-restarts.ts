import { halfCosine } from './cosine-decay.js';
import { requireAtLeast, requirePositive } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `cosineDecayRestarts`, with Keras's names and defaults. */
export interface CosineDecayRestartsOptions {
  /** Rate of the first step. */
  initialLearningRate: number;
  /** Steps of the first decay. */
  firstDecaySteps: number;
  /** How much longer each decay is than the one before, ≥ 1; default 2. */
  tMul?: number;
  /** What the rate of a restart is multiplied with, next to the one before; default 1. */
  mMul?: number;
  /** Rate at the end of a decay, as a share of the initial rate; default 0. */
  alpha?: number;
}

/**
 * Cosine decays one after the other, each from the top (SGDR; Loshchilov and Hutter, 2017), as Keras's
 * `CosineDecayRestarts`. In float64: Keras finds the restart by logarithms in float32, and can be a step
 * late there.
 * @throws {ValueError} for options out of range.
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): LearningRateSchedule {
  const { initialLearningRate, firstDecaySteps, tMul = 2, mMul = 1, alpha = 0 } = options;
  requireAtLeast(initialLearningRate, 0, 'cosineDecayRestarts: initialLearningRate');
  requirePositive(firstDecaySteps, 'cosineDecayRestarts: firstDecaySteps');
  requireAtLeast(tMul, 1, 'cosineDecayRestarts: tMul');
  requireAtLeast(mMul, 0, 'cosineDecayRestarts: mMul');
  requireAtLeast(alpha, 0, 'cosineDecayRestarts: alpha');
  return {
    name: 'cosineDecayRestarts',
    at(iterations) {
      const { restart, done } = placeOf(iterations / firstDecaySteps, tMul);
      const share = (1 - alpha) * mMul ** restart * halfCosine(done) + alpha;
      return initialLearningRate * share;
    },
    getConfig: () => ({ initialLearningRate, firstDecaySteps, tMul, mMul, alpha }),
  };
}

/** Which decay a time falls in, counted in lengths of the first, and how much of it is done. */
function placeOf(time: number, tMul: number): { restart: number; done: number } {
  if (tMul === 1) return { restart: Math.floor(time), done: time % 1 };
  let [restart, length, left] = [0, 1, time];
  while (left >= length) {
    left -= length;
    length *= tMul;
    restart++;
  }
  return { restart, done: left / length };
}
