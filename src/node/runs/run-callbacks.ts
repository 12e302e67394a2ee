import { join } from 'node:path';
import { type NamedOptions, optionsOf } from '../../core/named-options.js';
import type { Callback } from '../../training/callback.js';
import { resolveCallback } from '../callbacks/node-callbacks.js';

/** Options that are paths, which in a run are those in its folder. */
const PATHS = ['filename', 'filepath', 'logDir'];
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

function makeCallback(description: NamedOptions, folder: string, goesOn: boolean): Callback {
  const options: Record<string, unknown> = {
    ...DEFAULT_PATHS[description.name],
    ...optionsOf(description),
  };
  for (const path of PATHS) {
    const value = options[path];
    if (typeof value === 'string') options[path] = join(folder, value);
  }
  if (goesOn && LOGGERS.includes(description.name)) options.append = true;
  return resolveCallback(description.name, options);
}
