import { ValueError } from '../../core/errors.js';

/** A number from 0 to 1. @throws {ValueError} naming the option. */
export function requireShare(value: unknown, what: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new ValueError(`${what} must be a number from 0 to 1, got ${JSON.stringify(value)}`);
}
