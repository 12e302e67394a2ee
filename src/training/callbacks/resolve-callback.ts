import { UnknownNameError } from '../../core/errors.js';
import { requireKnownOptions } from '../../core/named-options.js';
import type { NamedCallback } from '../callback.js';
import { type EarlyStoppingOptions, earlyStopping } from './early-stopping.js';
import { type ReduceLROnPlateauOptions, reduceLROnPlateau } from './reduce-lr-on-plateau.js';
import { type SwaOptions, swa } from './swa.js';
import { terminateOnNaN } from './terminate-on-nan.js';

/** A callback that a description in JSON can name. */
export interface CallbackRow {
  /** Names of its options. */
  readonly options: readonly string[];
  /** Makes it; the factory checks the options. */
  make(options: Readonly<Record<string, unknown>>): NamedCallback;
}

/** A row of the registry from a factory and the names of its options. */
export function callbackRow<T extends object>(
  factory: (options: T) => NamedCallback,
  options: readonly (keyof T & string)[],
): CallbackRow {
  return { options, make: (values) => factory(values as T) };
}

const MONITOR = ['monitor', 'mode', 'minDelta'] as const;

/** Callbacks that need no file system. */
export const portableCallbacks: Readonly<Record<string, CallbackRow>> = {
  earlyStopping: callbackRow<EarlyStoppingOptions>(earlyStopping, [
    ...MONITOR,
    'patience',
    'baseline',
    'restoreBestWeights',
    'startFromEpoch',
  ]),
  reduceLROnPlateau: callbackRow<ReduceLROnPlateauOptions>(reduceLROnPlateau, [
    ...MONITOR,
    'factor',
    'patience',
    'cooldown',
    'minLr',
  ]),
  swa: callbackRow<SwaOptions>(swa, ['startEpoch', 'frequency']),
  terminateOnNaN: { options: [], make: terminateOnNaN },
};

/**
 * The callback of a name, for descriptions in JSON.
 * @param rows the callbacks that there are; by default those that run everywhere.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options that it does not
 * have, or out of range.
 */
export function resolveCallback(
  name: string,
  config: Readonly<Record<string, unknown>> = {},
  rows: Readonly<Record<string, CallbackRow>> = portableCallbacks,
): NamedCallback {
  if (!Object.hasOwn(rows, name)) throw new UnknownNameError('callback', name, Object.keys(rows));
  requireKnownOptions(name, config, rows[name].options);
  return rows[name].make(config);
}
