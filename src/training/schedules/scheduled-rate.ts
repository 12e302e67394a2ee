import { ValueError } from '../../core/errors.js';
import type { Optimizer } from '../optimizer.js';
import { describeRate } from './describe-rate.js';
import { resolveLearningRate } from './resolve-schedule.js';

/**
 * Gives an optimizer its learning rate: a number, which may be set between steps, or a schedule, which the
 * trainer follows step by step. Setting a rate that follows a schedule is an error, as in Keras.
 * @throws {UnknownNameError}, {ValueError} for what is no learning rate.
 */
export function withLearningRate(
  optimizer: Omit<Optimizer, 'learningRate' | 'schedule' | 'followSchedule'>,
  learningRate: unknown,
): Optimizer {
  const { name } = optimizer;
  const given = resolveLearningRate(learningRate, `${name}: learningRate`);
  const schedule = typeof given === 'number' ? undefined : given;
  let current = typeof given === 'number' ? given : given.at(0);
  return {
    ...optimizer,
    schedule,
    get learningRate() {
      return current;
    },
    set learningRate(rate) {
      if (schedule !== undefined) {
        throw new ValueError(
          `the learning rate was set to ${rate}, but ${name} follows the schedule '${schedule.name}'; compile the model with a number as the learning rate to set it yourself`,
        );
      }
      current = rate;
    },
    followSchedule(iterations) {
      if (schedule !== undefined) current = schedule.at(iterations);
    },
    getConfig: () => ({
      learningRate: describeRate(schedule ?? current),
      ...optimizer.getConfig(),
    }),
  };
}
