import { isNamedOptions, type NamedOptions } from '../../core/named-options.js';

/** Schedules that last as long as the training, unless told, and the option that says how long. */
const LENGTHS: Readonly<Record<string, 'total' | 'decay'>> = {
  oneCycle: 'total',
  cosineDecay: 'decay',
  polynomialDecay: 'decay',
};

/**
 * A schedule whose length is filled in where it is left out: to the end of the training, after whatever
 * warm-up comes before, so that a recipe can be trained for fewer epochs or more.
 */
export function fillLength(schedule: NamedOptions, epochs: number): NamedOptions {
  if (schedule.name === 'warmUp' && isNamedOptions(schedule.schedule)) {
    const left = epochs - numberOf(schedule.epochs);
    return { ...schedule, schedule: fillLength(schedule.schedule, left) };
  }
  const length = LENGTHS[schedule.name];
  if (length === undefined) return schedule;
  if (`${length}Epochs` in schedule || `${length}Steps` in schedule) return schedule;
  return { ...schedule, [`${length}Epochs`]: epochs - numberOf(schedule.warmupEpochs) };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
