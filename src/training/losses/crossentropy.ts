import { affine } from '../../ops/affine.js';
import { add } from '../../ops/binary.js';
import { crossentropy, softmaxCrossentropy } from '../../ops/crossentropy.js';
import { fill } from '../../ops/fill.js';
import type { Value } from '../../ops/ir.js';
import type { Loss } from '../loss.js';
import { requireFlag } from '../schedules/option-checks.js';
import { requireShare } from './require-share.js';

/** Options of the cross-entropies. */
export interface CrossentropyOptions {
  /** Whether predictions are logits instead of probabilities, such as those of a softmax; default false. */
  fromLogits?: boolean;
  /**
   * Share of every target that is spread over all classes, from 0 to 1 (Szegedy et al., 2016): y becomes
   * y (1 − s) + s / classes. Default 0.
   */
  labelSmoothing?: number;
}

/** Targets `[N, classes]` of which a share is spread over all classes. */
export function smoothed(targets: Value, share: number, classes: number): Value {
  return share === 0 ? targets : affine(targets, 1 - share, share / classes);
}

function checked(name: string, { fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions) {
  requireFlag(fromLogits, `${name}: fromLogits`);
  requireShare(labelSmoothing, `${name}: labelSmoothing`);
  const emit = (predictions: Value, targets: Value, sparse: boolean) =>
    fromLogits
      ? softmaxCrossentropy(predictions, targets, sparse)
      : crossentropy(predictions, targets, sparse);
  return { fromLogits, labelSmoothing, emit };
}

/** −Σ y · log p for one-hot targets `[N, classes]`. @throws {ValueError} for options out of range. */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'categoricalCrossentropy';
  const { fromLogits, labelSmoothing, emit } = checked(name, options);
  return {
    name,
    sparse: false,
    targetShape: (prediction) => prediction,
    emit(predictions, targets) {
      const classes = predictions.shape[predictions.shape.length - 1];
      return emit(predictions, smoothed(targets, labelSmoothing, classes), false);
    },
    getConfig: () => ({ fromLogits, labelSmoothing }),
  };
}

/**
 * −log p[y] for class indices `[N]`. Keras smooths one-hot targets only; here class indices too.
 * @throws {ValueError} for options out of range.
 */
export function sparseCategoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'sparseCategoricalCrossentropy';
  const { fromLogits, labelSmoothing, emit } = checked(name, options);
  return {
    name,
    sparse: true,
    targetShape: () => [],
    emit(predictions, targets) {
      const loss = emit(predictions, targets, true);
      if (labelSmoothing === 0) return loss;
      const { graph, shape } = predictions;
      const uniform = fill(graph, shape, 1 / shape[shape.length - 1]);
      const spread = emit(predictions, uniform, false);
      return add(affine(loss, 1 - labelSmoothing), affine(spread, labelSmoothing));
    },
    getConfig: () => ({ fromLogits, ...(labelSmoothing > 0 && { labelSmoothing }) }),
  };
}
