import { affine } from '../../ops/affine.js';
import { divide, multiply } from '../../ops/binary.js';
import { sum } from '../../ops/reduce.js';
import { softmax } from '../../ops/softmax.js';
import { log } from '../../ops/unary.js';
import type { Loss } from '../loss.js';
import { requireAtLeast, requireFlag } from '../schedules/option-checks.js';
import { clipped } from './binary-crossentropy.js';
import { type CrossentropyOptions, smoothed } from './crossentropy.js';
import { power } from './power.js';
import { requireShare } from './require-share.js';

/** Options of `categoricalFocalCrossentropy`, with Keras's names and defaults. */
export interface CategoricalFocalCrossentropyOptions extends CrossentropyOptions {
  /** Weight of the loss; default 0.25. */
  alpha?: number;
  /** How much less sure predictions count; default 2. */
  gamma?: number;
}

/**
 * −α Σ y (1 − p)^γ log p for one-hot targets `[N, classes]`: what the network is sure of counts little (Lin
 * et al., 2017), as in Keras.
 * @throws {ValueError} for options out of range.
 */
export function categoricalFocalCrossentropy(
  options: CategoricalFocalCrossentropyOptions = {},
): Loss {
  const name = 'categoricalFocalCrossentropy';
  const { alpha = 0.25, gamma = 2, fromLogits = false, labelSmoothing = 0 } = options;
  requireAtLeast(alpha, 0, `${name}: alpha`);
  requireAtLeast(gamma, 0, `${name}: gamma`);
  requireFlag(fromLogits, `${name}: fromLogits`);
  requireShare(labelSmoothing, `${name}: labelSmoothing`);
  return {
    name,
    sparse: false,
    targetShape: (prediction) => prediction,
    emit(predictions, targets) {
      const axis = predictions.shape.length - 1;
      const given = fromLogits ? softmax(predictions) : predictions;
      const p = clipped(divide(given, sum(given, [axis], true)));
      const y = smoothed(targets, labelSmoothing, predictions.shape[axis]);
      const losses = multiply(power(affine(p, -1, 1), gamma), multiply(y, log(p)));
      return sum(affine(losses, -alpha), [axis]);
    },
    getConfig: () => ({ alpha, gamma, fromLogits, labelSmoothing }),
  };
}
