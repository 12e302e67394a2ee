import { type NamedOptions, optionsOf } from '../../core/named-options.js';
import type { Dataset } from '../../data/dataset.js';
import type { Model } from '../../models/model.js';
import type { Callback } from '../../training/callback.js';
import type { Swa } from '../../training/callbacks/swa.js';
import { resolveCallback } from '../callbacks/node-callbacks.js';
import { callbackPath, PATH_OPTIONS } from './callback-path.js';

/** Of these, those that have a default. */
const DEFAULT_PATHS: Readonly<Record<string, object>> = { tensorBoard: { logDir: 'logs' } };
/** Callbacks whose file goes on where the run does. */
const LOGGERS = ['csvLogger', 'jsonlLogger'];

/** Arrays of callbacks, by `<place>-<name>/<array>`. */
export type CallbackArrays = ReadonlyMap<string, Float32Array>;

/** The callbacks of a run's description, with what they have to remember. */
export class RunCallbacks {
  readonly list: readonly Callback[];
  readonly #keys: readonly string[];

  /**
   * @param folder of the run. @param goesOn whether it has been trained before.
   * @throws {UnknownNameError}, {ValueError} for what describes no callback.
   */
  constructor(descriptions: readonly NamedOptions[], folder: string, goesOn: boolean) {
    this.list = descriptions.map((one) => makeCallback(one, folder, goesOn));
    this.#keys = descriptions.map(({ name }, i) => `${i}-${name}`);
  }

  /**
   * Puts the means that the callback `swa` keeps into the model that was trained, and takes new statistics for
   * its batch normalisations from the data. Where training ended before an epoch counted, nothing happens.
   */
  async applyAverages(model: Model, data: Dataset, batchSize: number): Promise<void> {
    const averaging = this.list.find(isSwa);
    if (averaging === undefined || averaging.count === 0) return;
    averaging.apply();
    await model.updateBatchNormalization(data, { batchSize });
  }

  /** What they have to remember, by place and name. */
  states(): Record<string, unknown> {
    const entries = this.list.map((callback, i) => [this.#keys[i], callback.getState?.()] as const);
    return Object.fromEntries(entries.filter(([, state]) => state !== undefined));
  }

  /** Arrays that belong to it. */
  arrays(): CallbackArrays {
    const entries = this.list.flatMap((callback, i) =>
      [...(callback.getArrays?.() ?? [])].map(
        ([name, array]) => [`${this.#keys[i]}/${name}`, array] as const,
      ),
    );
    return new Map(entries);
  }

  /** Gives them back what they had to remember. @throws {FormatError} for what is no such state. */
  restore(states: Readonly<Record<string, unknown>>, arrays: CallbackArrays): void {
    this.list.forEach((callback, i) => {
      const key = this.#keys[i];
      if (!Object.hasOwn(states, key)) return;
      callback.setState?.(states[key]);
      const own = [...arrays].filter(([name]) => name.startsWith(`${key}/`));
      callback.setArrays?.(
        new Map(own.map(([name, array]) => [name.slice(key.length + 1), array])),
      );
    });
  }
}

function isSwa(callback: Callback): callback is Swa {
  return callback.name === 'swa' && 'apply' in callback;
}

function makeCallback(description: NamedOptions, folder: string, goesOn: boolean): Callback {
  const options: Record<string, unknown> = {
    ...DEFAULT_PATHS[description.name],
    ...optionsOf(description),
  };
  for (const path of PATH_OPTIONS) {
    const value = options[path];
    if (typeof value === 'string') options[path] = callbackPath(folder, value);
  }
  if (goesOn && LOGGERS.includes(description.name)) options.append = true;
  return resolveCallback(description.name, options);
}
