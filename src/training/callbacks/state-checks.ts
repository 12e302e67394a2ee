import { FormatError, ValueError } from '../../core/errors.js';

/** An integer ≥ `low`. @throws {ValueError} naming the option. */
export function requireCount(value: unknown, low: number, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= low) return value;
  throw new ValueError(`${what} must be an integer ≥ ${low}, got ${JSON.stringify(value)}`);
}

/**
 * The numbers of a callback's state, which a file may have held.
 * @param optional those that may be absent.
 * @throws {FormatError} naming callback and number.
 */
export function readState<Name extends string, Optional extends string = never>(
  owner: string,
  state: unknown,
  names: readonly Name[],
  optional: readonly Optional[] = [],
): Record<Name, number> & Partial<Record<Optional, number>> {
  const given = (typeof state === 'object' && state !== null ? state : {}) as Record<
    string,
    unknown
  >;
  const read: Record<string, number> = {};
  for (const name of [...names, ...optional]) {
    const value = given[name];
    const isAbsent = value === undefined || value === null;
    if (isAbsent && (optional as readonly string[]).includes(name)) continue;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new FormatError(
        `the state of ${owner} has ${JSON.stringify(value)} as '${name}', expected a number`,
      );
    }
    read[name] = value;
  }
  return read as Record<Name, number> & Partial<Record<Optional, number>>;
}
