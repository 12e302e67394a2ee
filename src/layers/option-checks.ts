import { UnknownNameError, ValueError } from '../core/errors.js';
import type { Padding } from '../ops/window.js';

/** Height and width: one number for both, or [height, width]. */
export type Size2d = number | readonly [number, number];

// Far above any real layer, and low enough that products of two sizes stay exact.
const LARGEST_COUNT = 2 ** 26;

function isCount(value: unknown, least: number): value is number {
  return (
    Number.isInteger(value) && (value as number) >= least && (value as number) <= LARGEST_COUNT
  );
}

/** A value as it stands in a message. */
export function show(value: unknown): string {
  if (value === undefined || typeof value === 'function') return typeof value;
  return JSON.stringify(value) ?? typeof value;
}

/**
 * A whole number of at least `least`.
 * @param name of the option. @param what owns the option, such as `layer 'conv'`.
 * @throws {ValueError} for anything else.
 */
export function requireCount(value: unknown, name: string, what: string, least = 1): number {
  if (isCount(value, least)) return value;
  throw new ValueError(`${what}: ${name} must be an integer ≥ ${least}, got ${show(value)}`);
}

/**
 * [height, width] from one number or a pair of whole numbers of at least 1.
 * @throws {ValueError} for anything else.
 */
export function pairOf(value: unknown, name: string, what: string): readonly [number, number] {
  const pair: unknown[] = Array.isArray(value) ? value : [value, value];
  const [height, width] = pair;
  if (pair.length === 2 && isCount(height, 1) && isCount(width, 1)) return [height, width];
  throw new ValueError(
    `${what}: ${name} must be an integer ≥ 1 or a pair of them, [height, width], got ${show(value)}`,
  );
}

/**
 * A finite number of at least `least` and, where given, below `limit`.
 * @throws {ValueError} for anything else.
 */
export function requireNumber(
  value: unknown,
  name: string,
  what: string,
  least: number,
  limit = Number.POSITIVE_INFINITY,
): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && value < limit) {
    return value;
  }
  const upper = Number.isFinite(limit) ? ` and < ${limit}` : '';
  throw new ValueError(`${what}: ${name} must be a number ≥ ${least}${upper}, got ${show(value)}`);
}

/** A boolean. @throws {ValueError} for anything else. */
export function requireFlag(value: unknown, name: string, what: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError(`${what}: ${name} must be true or false, got ${show(value)}`);
}

/**
 * One of the names.
 * @param what it is the name of, such as `padding of layer 'conv'`.
 * @throws {UnknownNameError} for anything else.
 */
export function requireOneOf<N extends string>(
  value: unknown,
  names: readonly N[],
  what: string,
): N {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UnknownNameError(what, String(value), names);
}

/** `valid` or `same`. @throws {UnknownNameError} for anything else. */
export function requirePadding(value: unknown, what: string): Padding {
  return requireOneOf(value, ['valid', 'same'], `padding of ${what}`);
}

/**
 * Sizes of all axes but the batch.
 * @throws {ValueError} unless it is a list of whole numbers of at least 1.
 */
export function requireSampleShape(value: unknown, name: string, what: string): readonly number[] {
  if (Array.isArray(value) && value.length <= 8 && value.every((size) => isCount(size, 1))) {
    return [...(value as number[])];
  }
  throw new ValueError(
    `${what}: ${name} must be a list of integers ≥ 1 without the batch axis, such as [28, 28, 1], got ${show(value)}`,
  );
}
