import { UnknownNameError, ValueError } from '../core/errors.js';
import { type NamedOptions, optionsOf, requireKnownOptions } from '../core/named-options.js';
import { affine } from '../ops/affine.js';
import { concatenate } from '../ops/concatenate.js';
import { topKHits } from '../ops/top-k-hits.js';
import { squaredErrors } from './losses/regression.js';
import type { DatasetMetric, Metric } from './metric.js';
import { expectedCalibrationError } from './metrics/calibration-error.js';
import { f1Score } from './metrics/f1-score.js';
import { precision, recall } from './metrics/precision-recall.js';

/** Names of the built-in metrics. */
export type MetricName =
  | 'accuracy'
  | 'expectedCalibrationError'
  | 'f1Score'
  | 'meanSquaredError'
  | 'mse'
  | 'precision'
  | 'recall'
  | 'topKAccuracy';

/** A metric by name, with options if wished (`{ name, …options }`, as in JSON), or as an object. */
export type MetricLike = MetricName | Metric | DatasetMetric | NamedOptions;

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

interface Row {
  readonly options: readonly string[];
  /** Every factory checks its options itself. */
  make(options: Readonly<Record<string, unknown>>): Metric | DatasetMetric;
}

const POSITIVES = ['thresholds', 'topK', 'classId', 'name'];
const rows: Readonly<Record<MetricName, Row>> = {
  accuracy: { options: [], make: accuracy },
  expectedCalibrationError: { options: ['bins', 'name'], make: expectedCalibrationError },
  f1Score: { options: ['average', 'threshold', 'name'], make: f1Score },
  meanSquaredError: { options: [], make: meanSquaredErrorMetric },
  mse: { options: [], make: meanSquaredErrorMetric },
  precision: { options: POSITIVES, make: precision },
  recall: { options: POSITIVES, make: recall },
  topKAccuracy: { options: ['k', 'name'], make: topKAccuracy },
};

/**
 * The metric that a user names.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options that it does not
 * have, or out of range.
 */
export function resolveMetric(
  metric: MetricLike,
  config: Readonly<Record<string, unknown>> = {},
): Metric | DatasetMetric {
  if (typeof metric === 'string') {
    if (!Object.hasOwn(rows, metric)) {
      throw new UnknownNameError('metric', metric, Object.keys(rows));
    }
    requireKnownOptions(metric, config, rows[metric].options);
    return rows[metric].make(config);
  }
  if (isMetric(metric)) return metric;
  const named = metric as NamedOptions;
  return resolveMetric(named.name as MetricName, optionsOf(named));
}

function isMetric(metric: Metric | DatasetMetric | NamedOptions): metric is Metric | DatasetMetric {
  return 'emit' in metric || 'begin' in metric;
}
