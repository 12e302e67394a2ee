import { ValueError } from '../../core/errors.js';

function refuse(what: string, name: string, expected: string, value: unknown): ValueError {
  const shown = value === undefined ? 'undefined' : (JSON.stringify(value) ?? typeof value);
  return new ValueError(`${what}: ${name} must be ${expected}, got ${shown}.`);
}

/** A finite number from `least` to `most`. @throws {ValueError} for anything else. */
export function numberOption(
  what: string,
  name: string,
  value: unknown,
  least: number,
  most = Number.MAX_VALUE,
): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  const range = most === Number.MAX_VALUE ? `≥ ${least}` : `from ${least} to ${most}`;
  throw refuse(what, name, `a number ${range}`, value);
}

/** A whole number from `least` to `most`. @throws {ValueError} for anything else. */
export function wholeOption(
  what: string,
  name: string,
  value: unknown,
  least: number,
  most: number,
): number {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  throw refuse(what, name, `an integer from ${least} to ${most}`, value);
}

/** True or false. @throws {ValueError} for anything else. */
export function flagOption(what: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw refuse(what, name, 'true or false', value);
}

/** One of some words. @throws {ValueError} for anything else. */
export function wordOption<T extends string>(
  what: string,
  name: string,
  value: unknown,
  words: readonly T[],
): T {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw refuse(what, name, `one of ${words.join(', ')}`, value);
}

/** A pair of numbers [low, high], low ≤ high, within limits. @throws {ValueError} for anything else. */
export function rangeOption(
  what: string,
  name: string,
  value: unknown,
  least: number,
  most: number,
): readonly [number, number] {
  if (Array.isArray(value) && value.length === 2) {
    const [low, high]: unknown[] = value;
    if (typeof low === 'number' && typeof high === 'number') {
      if (low >= least && low <= high && high <= most) return [low, high];
    }
  }
  throw refuse(what, name, `[low, high] with ${least} ≤ low ≤ high ≤ ${most}`, value);
}

/** A list of finite numbers. @throws {ValueError} for anything else. */
export function numbersOption(what: string, name: string, value: unknown): readonly number[] {
  if (Array.isArray(value) && value.length > 0) {
    const list: unknown[] = value;
    if (list.every((one) => typeof one === 'number' && Number.isFinite(one))) {
      return list as number[];
    }
  }
  throw refuse(what, name, 'a list of numbers', value);
}
