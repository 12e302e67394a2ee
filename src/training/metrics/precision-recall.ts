import { ValueError } from '../../core/errors.js';
import { requireCount } from '../callbacks/state-checks.js';
import type { DatasetMetric } from '../metric.js';
import { PositiveCounts } from './positive-counts.js';

/** Options of `precision` and `recall`, with Keras's names and defaults. */
export interface PrecisionRecallOptions {
  /** Prediction above which a sample is taken for a class; default 0.5, or none with `topK`. */
  thresholds?: number;
  /** Takes a sample for the classes of its k largest predictions only; default all. */
  topK?: number;
  /** Class that is counted; default all together. */
  classId?: number;
  /** Key in logs; default `precision` or `recall`. */
  name?: string;
}

function metricOf(
  kind: 'precision' | 'recall',
  options: PrecisionRecallOptions,
  missed: (counts: PositiveCounts) => Float64Array,
): DatasetMetric {
  const { topK, classId, name = kind } = options;
  const thresholds = options.thresholds ?? (topK === undefined ? 0.5 : undefined);
  if (thresholds !== undefined && !(thresholds >= 0 && thresholds <= 1)) {
    throw new ValueError(`${kind}: thresholds must be one number from 0 to 1, got ${thresholds}`);
  }
  if (topK !== undefined) requireCount(topK, 1, `${kind}: topK`);
  if (classId !== undefined) requireCount(classId, 0, `${kind}: classId`);
  const least = thresholds ?? Number.NEGATIVE_INFINITY;
  return {
    name,
    kind,
    begin(width) {
      if (classId !== undefined && classId >= width) {
        throw new ValueError(`${kind}: there is no class ${classId} among ${width}`);
      }
      const counts = new PositiveCounts(width);
      return {
        add(predictions, targets, count) {
          counts.add(targets, count, (from, c) => {
            if (!(predictions[from + c] > least)) return false;
            return topK === undefined || rank(predictions, from, c, width) < topK;
          });
        },
        figures() {
          const pick = (values: Float64Array) =>
            classId === undefined ? values.reduce((a, b) => a + b, 0) : values[classId];
          const found = pick(counts.truePositives);
          const whole = found + pick(missed(counts));
          return { '': whole === 0 ? 0 : found / whole };
        },
      };
    },
    getConfig: () => ({
      name,
      ...(thresholds !== undefined && { thresholds }),
      ...(topK !== undefined && { topK }),
      ...(classId !== undefined && { classId }),
    }),
  };
}

/** How many predictions of a sample come before one of them, the first of equals being first. */
function rank(predictions: Float32Array, from: number, c: number, width: number): number {
  const own = predictions[from + c];
  let before = 0;
  for (let i = 0; i < width; i++) {
    const other = predictions[from + i];
    if (other > own || (other === own && i < c)) before++;
  }
  return before;
}

/**
 * Of what was taken for a class, the share that is of it, as Keras's `Precision`; 0 where nothing was.
 * @throws {ValueError} for options out of range.
 */
export function precision(options: PrecisionRecallOptions = {}): DatasetMetric {
  return metricOf('precision', options, (counts) => counts.falsePositives);
}

/**
 * Of what is of a class, the share that was taken for it, as Keras's `Recall`; 0 where nothing is.
 * @throws {ValueError} for options out of range.
 */
export function recall(options: PrecisionRecallOptions = {}): DatasetMetric {
  return metricOf('recall', options, (counts) => counts.falseNegatives);
}
