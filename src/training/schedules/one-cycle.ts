import { ValueError } from '../../core/errors.js';
import { halfCosine } from './cosine-decay.js';
import { requireAtLeast, requireFlag, requirePositive } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `oneCycle`, with PyTorch's names (in camelCase) and defaults. */
export interface OneCycleOptions {
  /** Highest rate. */
  maxLearningRate: number;
  /** Steps of the whole training; later steps keep the last rate. */
  totalSteps: number;
  /** Share of the steps in which the rate rises; default 0.3. */
  pctStart?: number;
  /** How it rises and falls; default `cos`. */
  annealStrategy?: 'cos' | 'linear';
  /** The first rate is the highest divided by this; default 25. */
  divFactor?: number;
  /** The last rate is the first divided by this; default 10,000. */
  finalDivFactor?: number;
  /** Whether it falls to the first rate as long as it rose, and only then to the last; default false. */
  threePhase?: boolean;
}

interface Phase {
  readonly end: number;
  readonly to: number;
}

/**
 * The rate rises from a low one to the highest and falls to a very low one (Smith and Topin, 2018), as
 * PyTorch's `OneCycleLR`. Momentum stays as it is.
 * @throws {ValueError} for options out of range.
 */
export function oneCycle(options: OneCycleOptions): LearningRateSchedule {
  const { maxLearningRate, totalSteps, pctStart = 0.3, annealStrategy = 'cos' } = options;
  const { divFactor = 25, finalDivFactor = 1e4, threePhase = false } = options;
  requireAtLeast(maxLearningRate, 0, 'oneCycle: maxLearningRate');
  requireAtLeast(totalSteps, 1, 'oneCycle: totalSteps');
  requirePositive(divFactor, 'oneCycle: divFactor');
  requirePositive(finalDivFactor, 'oneCycle: finalDivFactor');
  requireFlag(threePhase, 'oneCycle: threePhase');
  const most = threePhase ? 0.5 : 1;
  if (requireAtLeast(pctStart, 0, 'oneCycle: pctStart') > most) {
    throw new ValueError(`oneCycle: pctStart must be a share from 0 to ${most}, got ${pctStart}`);
  }
  if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
    throw new ValueError(
      `oneCycle: annealStrategy must be 'cos' or 'linear', got ${JSON.stringify(annealStrategy)}`,
    );
  }
  const first = maxLearningRate / divFactor;
  const rise = pctStart * totalSteps;
  const phases: Phase[] = [
    { end: rise - 1, to: maxLearningRate },
    ...(threePhase ? [{ end: 2 * rise - 2, to: first }] : []),
    { end: totalSteps - 1, to: first / finalDivFactor },
  ];
  const falling = annealStrategy === 'cos' ? halfCosine : (done: number) => 1 - done;
  return {
    name: 'oneCycle',
    at(iterations) {
      let [begin, from] = [0, first];
      for (const { end, to } of phases) {
        const length = end - begin;
        if (iterations <= end && length > 0) {
          return to + (from - to) * falling((iterations - begin) / length);
        }
        [begin, from] = [end, to];
      }
      return from;
    },
    getConfig: () => ({
      maxLearningRate,
      totalSteps,
      pctStart,
      annealStrategy,
      divFactor,
      finalDivFactor,
      threePhase,
    }),
  };
}
