import { ValueError } from '../../core/errors.js';

/** A number ≥ `low` and finite. @throws {ValueError} naming the option. */
export function requireAtLeast(value: unknown, low: number, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= low) return value;
  throw new ValueError(`${what} must be a finite number ≥ ${low}, got ${received(value)}`);
}

/** A finite number > 0. @throws {ValueError} naming the option. */
export function requirePositive(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new ValueError(`${what} must be a finite number > 0, got ${received(value)}`);
}

/** `true` or `false`. @throws {ValueError} naming the option. */
export function requireFlag(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError(`${what} must be true or false, got ${JSON.stringify(value)}`);
}

/** JSON has no NaN and no infinity. */
function received(value: unknown): string {
  return typeof value === 'number' ? `${value}` : JSON.stringify(value);
}
