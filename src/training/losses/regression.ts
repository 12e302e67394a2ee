import { affine } from '../../ops/affine.js';
import { add, minimum, multiply, subtract } from '../../ops/binary.js';
import { fill } from '../../ops/fill.js';
import type { Value } from '../../ops/ir.js';
import { abs, relu, square } from '../../ops/unary.js';
import type { Loss } from '../loss.js';
import { requirePositive } from '../schedules/option-checks.js';
import { elementwiseLoss, sampleMean } from './sample-mean.js';

/** Mean squared error of every sample, `[N]`. */
export function squaredErrors(predictions: Value, targets: Value): Value {
  return sampleMean(square(subtract(predictions, targets)));
}

/** Mean over a sample's values of (p − y)². */
export function meanSquaredError(): Loss {
  return elementwiseLoss('meanSquaredError', {}, (p, y) => square(subtract(p, y)));
}

/** Mean over a sample's values of |p − y|. */
export function meanAbsoluteError(): Loss {
  return elementwiseLoss('meanAbsoluteError', {}, (p, y) => abs(subtract(p, y)));
}

/** Options of `huber`. */
export interface HuberOptions {
  /** Error from which on the loss grows in a straight line; default 1. */
  delta?: number;
}

/**
 * Mean over a sample's values of ½ e² where |e| = |p − y| ≤ δ, and δ |e| − ½ δ² beyond (Huber, 1964).
 * @throws {ValueError} when `delta` is not > 0.
 */
export function huber({ delta = 1 }: HuberOptions = {}): Loss {
  requirePositive(delta, 'huber: delta');
  return elementwiseLoss('huber', { delta }, (p, y) => {
    const error = abs(subtract(p, y));
    const inner = minimum(error, fill(p.graph, p.shape, delta));
    return add(affine(square(inner), 0.5), affine(subtract(error, inner), delta));
  });
}

/** 0 and −1 become −1, 1 stays. */
const signs = (targets: Value) => affine(relu(targets), 2, -1);

/** max(0, 1 − y p), with targets of −1 or 1, or of 0 or 1 as Keras takes them. */
const margins = (p: Value, y: Value) => relu(affine(multiply(signs(y), p), -1, 1));

/** Mean over a sample's values of max(0, 1 − y p); targets are −1 or 1, or 0 or 1. */
export function hinge(): Loss {
  return elementwiseLoss('hinge', {}, margins);
}

/** Mean over a sample's values of max(0, 1 − y p)²; targets are −1 or 1, or 0 or 1. */
export function squaredHinge(): Loss {
  return elementwiseLoss('squaredHinge', {}, (p, y) => square(margins(p, y)));
}
