import { ValueError } from '../core/errors.js';
import type { Regularizer } from '../graph/variable.js';
import { requireNumber, show } from './option-checks.js';

/** Factors of a penalty; an absent one is 0. */
export interface RegularizerLike {
  /** Factor of Σ|w|; default 0. */
  l1?: number;
  /** Factor of Σw²; default 0. */
  l2?: number;
}

/** Penalty l1 · Σ|w| + l2 · Σw². @throws {ValueError} for negative factors. */
export function l1L2(options: RegularizerLike = {}): Regularizer {
  return {
    l1: requireNumber(options.l1 ?? 0.01, 'l1', 'regularizer', 0),
    l2: requireNumber(options.l2 ?? 0.01, 'l2', 'regularizer', 0),
  };
}

/** Penalty factor · Σ|w|. @throws {ValueError} for a negative factor. */
export const l1 = (factor = 0.01): Regularizer => l1L2({ l1: factor, l2: 0 });

/** Penalty factor · Σw². @throws {ValueError} for a negative factor. */
export const l2 = (factor = 0.01): Regularizer => l1L2({ l1: 0, l2: factor });

/**
 * The penalty that an option describes, or undefined where there is none.
 * @throws {ValueError} for negative factors or something else than an object with `l1` and `l2`.
 */
export function resolveRegularizer(
  like: RegularizerLike | null | undefined,
): Regularizer | undefined {
  if (like === undefined || like === null) return undefined;
  const keys = typeof like === 'object' ? Object.keys(like) : [];
  if (keys.length === 0 || keys.some((key) => key !== 'l1' && key !== 'l2')) {
    throw new ValueError(
      `a regularizer must be an object such as { l2: 0.0001 } or l2(0.0001), got ${show(like)}`,
    );
  }
  const penalty = l1L2({ l1: like.l1 ?? 0, l2: like.l2 ?? 0 });
  return penalty.l1 === 0 && penalty.l2 === 0 ? undefined : penalty;
}

/** The penalty as it stands in a layer's config. */
export function regularizerConfig(regularizer: Regularizer | undefined): Regularizer | null {
  return regularizer === undefined ? null : { l1: regularizer.l1, l2: regularizer.l2 };
}
