import { UnknownNameError, ValueError } from '../core/errors.js';
import { affine } from '../ops/affine.js';
import { concatenate } from '../ops/concatenate.js';
import type { Value } from '../ops/ir.js';
import { topKHits } from '../ops/top-k-hits.js';
import type { Loss } from './loss.js';
import { squaredErrors } from './losses/regression.js';

/** A figure that is averaged over all samples and reported beside the loss. */
export interface Metric {
  /** Key in logs and in the history. */
  readonly name: string;
  /**
   * Emits the figure of every sample, `[N]`, from predictions and targets `[N, ...]`.
   * @param loss the loss of the same output, which knows what the targets are.
   */
  emit(predictions: Value, targets: Value, loss: Loss): Value;
  /** Serialisable options. */
  getConfig(): Record<string, unknown>;
}

/** Names of the built-in metrics. */
export type MetricName = 'accuracy' | 'topKAccuracy' | 'meanSquaredError' | 'mse';

/** A metric by name or as an object. */
export type MetricLike = MetricName | Metric;

/**
 * Share of samples whose largest prediction is the right class, for one-hot or sparse targets; of a single
 * prediction, of those that it puts on the right side of ½.
 */
export function accuracy(): Metric {
  return {
    name: 'accuracy',
    emit(predictions, targets, loss) {
      const { shape } = predictions;
      if (shape.length !== 2 || shape[1] !== 1) {
        return topKHits(predictions, targets, 1, loss.sparse);
      }
      // No and yes as two classes, of which the target names one.
      const both = concatenate([affine(predictions, -1, 1), predictions], 1);
      return topKHits(both, targets, 1, true);
    },
    getConfig: () => ({}),
  };
}

/** Share of samples whose class is among the k largest predictions; k defaults to 5 as in Keras. */
export function topKAccuracy({ k = 5, name = 'topKAccuracy' } = {}): Metric {
  if (!Number.isInteger(k) || k < 1) {
    throw new ValueError(`topKAccuracy: k must be an integer ≥ 1, got ${k}`);
  }
  return {
    name,
    emit: (predictions, targets, loss) => topKHits(predictions, targets, k, loss.sparse),
    getConfig: () => ({ k, name }),
  };
}

/** Mean of (p − y)². */
export function meanSquaredErrorMetric(): Metric {
  return {
    name: 'meanSquaredError',
    emit: (predictions, targets) => squaredErrors(predictions, targets),
    getConfig: () => ({}),
  };
}

const factories: Record<MetricName, (config: Record<string, unknown>) => Metric> = {
  accuracy,
  topKAccuracy: ({ k, name }) =>
    topKAccuracy({
      ...(typeof k === 'number' && { k }),
      ...(typeof name === 'string' && { name }),
    }),
  meanSquaredError: meanSquaredErrorMetric,
  mse: meanSquaredErrorMetric,
};

/**
 * The metric that a user names.
 * @throws {UnknownNameError} for a name that is none.
 */
export function resolveMetric(metric: MetricLike, config: Record<string, unknown> = {}): Metric {
  if (typeof metric !== 'string') return metric;
  if (!Object.hasOwn(factories, metric)) {
    throw new UnknownNameError('metric', metric, Object.keys(factories));
  }
  return factories[metric](config);
}
