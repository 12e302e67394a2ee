import { ValueError } from '../../core/errors.js';
import { requireAtLeast } from './option-checks.js';
import type { LearningRateSchedule } from './schedule.js';

/** Options of `piecewiseConstantDecay`, with Keras's names. */
export interface PiecewiseConstantDecayOptions {
  /** Iterations up to which, inclusively, each of the rates but the last holds; rising. */
  boundaries: readonly number[];
  /** One rate more than there are boundaries. */
  values: readonly number[];
}

/**
 * `values[i]` while iterations ≤ `boundaries[i]`, the last one after that, as Keras's
 * `PiecewiseConstantDecay`.
 * @throws {ValueError} for lists that do not fit each other.
 */
export function piecewiseConstantDecay(
  options: PiecewiseConstantDecayOptions,
): LearningRateSchedule {
  const [boundaries, values] = [options.boundaries, options.values].map(listOf);
  if (values.length !== boundaries.length + 1) {
    throw new ValueError(
      `piecewiseConstantDecay takes one value more than boundaries, got ${values.length} values and ${boundaries.length} boundaries`,
    );
  }
  boundaries.forEach((boundary, i) => {
    requireAtLeast(boundary, i === 0 ? 0 : boundaries[i - 1], `boundaries[${i}]`);
  });
  values.forEach((value, i) => void requireAtLeast(value, 0, `values[${i}]`));
  return {
    name: 'piecewiseConstantDecay',
    at(iterations) {
      const place = boundaries.findIndex((boundary) => iterations <= boundary);
      return values[place < 0 ? values.length - 1 : place];
    },
    getConfig: () => ({ boundaries: [...boundaries], values: [...values] }),
  };
}

function listOf(value: unknown): readonly number[] {
  if (Array.isArray(value)) return [...(value as readonly number[])];
  throw new ValueError(
    `piecewiseConstantDecay takes boundaries and values as lists, got ${JSON.stringify(value)}`,
  );
}
