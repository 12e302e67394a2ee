import { ValueError } from '../core/errors.js';

let current = 0;

/**
 * Sets the seed from which initializers without a seed of their own draw, for layers made after it.
 * The default is 0, so a program gives the same first weights each time it runs.
 * @throws {ValueError} when the seed is not a safe integer ≥ 0.
 */
export function setRandomSeed(seed: number): void {
  current = requireSeed(seed);
}

/** The seed set by `setRandomSeed`. */
export function randomSeed(): number {
  return current;
}

/** A seed, checked. @throws {ValueError} when it is not a safe integer ≥ 0. */
export function requireSeed(seed: unknown): number {
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return seed as number;
  throw new ValueError(`a seed must be an integer from 0 to 2^53 − 1, got ${String(seed)}`);
}
