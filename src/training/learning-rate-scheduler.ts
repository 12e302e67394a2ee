import { ValueError } from '../core/errors.js';
import type { Callback, TrainingControl } from './callback.js';

/**
 * Sets the learning rate before every epoch, as Keras's `LearningRateScheduler` does. A schedule that
 * depends on the epoch alone goes on rightly when training is resumed.
 * @param schedule gets the number of the epoch, from 0, and the rate so far; gives the new rate.
 * @throws {ValueError} from `fit`, when the schedule gives no finite number ≥ 0.
 */
export function learningRateScheduler(
  schedule: (epoch: number, learningRate: number) => number,
): Callback {
  let control: TrainingControl | undefined;
  return {
    setModel(model) {
      control = model;
    },
    onEpochBegin(epoch) {
      if (control === undefined) return;
      const { optimizer } = control;
      const rate = schedule(epoch, optimizer.learningRate);
      if (!Number.isFinite(rate) || rate < 0) {
        throw new ValueError(
          `the schedule gave ${rate} as the learning rate of epoch ${epoch + 1}; it must give a finite number ≥ 0`,
        );
      }
      optimizer.learningRate = rate;
    },
  };
}
