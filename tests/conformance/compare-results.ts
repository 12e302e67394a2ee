import assert from 'node:assert/strict';
import type { Comparison } from './kernel-case.js';

/** Norm below which distances count as absolute. */
const TINY = 1e-6;

/** ‖actual − expected‖₂ / max(‖expected‖₂, 1e-6). */
export function relativeDistance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let distance = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    distance += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(distance) / Math.max(Math.sqrt(norm), TINY);
}

/** Fails unless `actual` is what `expected` says, by the given way to compare. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { compare, tolerance, label }: { compare: Comparison; tolerance: number; label: string },
): void {
  assert.equal(actual.length, expected.length, `${label}: number of elements`);
  if (compare === 'exact') {
    // Adding 0 makes -0 and 0 alike.
    const plain = (values: ArrayLike<number>) => Array.from(values, (v) => Math.fround(v) + 0);
    assert.deepEqual(plain(actual), plain(expected), label);
    return;
  }
  if (compare === 'zeros') {
    const zeros = (values: ArrayLike<number>) => Array.from(values, (value) => value === 0);
    assert.deepEqual(zeros(actual), zeros(expected), `${label}: which elements are 0`);
  }
  const distance = relativeDistance(actual, expected);
  assert.ok(
    distance <= tolerance,
    `${label}: relative L2 distance ${distance} is above ${tolerance}`,
  );
}
