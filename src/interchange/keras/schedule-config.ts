import { ValueError } from '../../core/errors.js';
import { resolveSchedule } from '../../training/schedules/resolve-schedule.js';
import type { LearningRateSchedule } from '../../training/schedules/schedule.js';
import {
  asKerasObject,
  configError,
  type Json,
  kerasObject,
  toCamelCase,
  toSnakeCase,
} from './keras-json.js';

/** Keras's classes of schedules; the others of ours are not Keras's. */
const classes: Readonly<Record<string, string>> = {
  CosineDecay: 'cosineDecay',
  CosineDecayRestarts: 'cosineDecayRestarts',
  ExponentialDecay: 'exponentialDecay',
  InverseTimeDecay: 'inverseTimeDecay',
  PiecewiseConstantDecay: 'piecewiseConstantDecay',
  PolynomialDecay: 'polynomialDecay',
};

/** A learning rate as Keras writes it. @throws {ValueError} for a schedule that Keras does not have. */
export function learningRateToKeras(rate: unknown): unknown {
  if (typeof rate === 'number') return rate;
  const { name, config } = rate as { name: string; config: Json };
  const className = Object.keys(classes).find((one) => classes[one] === name);
  if (className === undefined) {
    throw new ValueError(
      `Keras has no learning-rate schedule '${name}', so that no Keras file can hold how the model is trained; leave that out with { compile: false } (export --no-compile), or use one of ${Object.values(classes).join(', ')}`,
    );
  }
  const options = Object.entries(config).map(([key, value]) => [toSnakeCase(key), value]);
  return kerasObject('keras.optimizers.schedules', className, Object.fromEntries(options));
}

/** Whether the rate of an optimizer is one that Keras has. */
export function isRateOfKeras(schedule: LearningRateSchedule | undefined): boolean {
  return schedule === undefined || Object.values(classes).includes(schedule.name);
}

/** A learning rate of a file. @throws {FormatError} for what cannot be carried over, with its path. */
export function learningRateFromKeras(
  value: unknown,
  where: string,
  hint: string,
): number | LearningRateSchedule {
  if (typeof value === 'number') return value;
  const { className, config } = asKerasObject(value, where);
  if (!Object.hasOwn(classes, className)) {
    throw configError(
      where,
      `is the schedule '${className}', but only ${Object.keys(classes).join(', ')} are known; ${hint}`,
    );
  }
  const options = Object.entries(config)
    .filter(([key, option]) => key !== 'name' && key !== 'dtype' && option !== null)
    .map(([key, option]) => [toCamelCase(key), option]);
  return resolveSchedule(classes[className], Object.fromEntries(options));
}
