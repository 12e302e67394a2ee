import { ValueError } from './errors.js';

/**
 * A thing of a registry by name, with its options beside the name or under `config`:
 * `{ name: 'cosineDecay', decaySteps: 100 }` or `{ name: 'cosineDecay', config: { decaySteps: 100 } }`.
 */
export interface NamedOptions {
  /** Name in the registry. */
  readonly name: string;
  readonly [option: string]: unknown;
}

/** Whether a value is a plain description by name. */
export function isNamedOptions(value: unknown): value is NamedOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { name } = value as { name?: unknown };
  return (
    typeof name === 'string' && !Object.values(value).some((part) => typeof part === 'function')
  );
}

/** The options of a description, wherever they stand. */
export function optionsOf({ name: _, ...rest }: NamedOptions): Readonly<Record<string, unknown>> {
  const { config, ...others } = rest;
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return rest;
  return { ...others, ...config };
}

/**
 * Throws unless every option is one that the thing has.
 * @param what the thing, for messages. @throws {ValueError} naming the option and the known ones.
 */
export function requireKnownOptions(
  what: string,
  options: Readonly<Record<string, unknown>>,
  known: readonly string[],
): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  const list = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
  throw new ValueError(`${what} has no option '${unknown}'; ${list}`);
}
