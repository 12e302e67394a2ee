import type { DatasetMetric } from '../metric.js';
import { CalibrationBins } from './calibration-bins.js';

/** Options of `expectedCalibrationError`. */
export interface CalibrationErrorOptions {
  /** Ranges of confidence of equal width; default 15. */
  bins?: number;
  /** Key in logs; default `expectedCalibrationError`. */
  name?: string;
}

/**
 * How far the confidence of a classifier is from how often it is right: Σ share · |accuracy − confidence|
 * over ranges of confidence (Guo et al., 2017). Predictions are probabilities `[N, classes]`.
 * @throws {ValueError} for a number of bins out of range.
 */
export function expectedCalibrationError(options: CalibrationErrorOptions = {}): DatasetMetric {
  const { bins = 15, name = 'expectedCalibrationError' } = options;
  // Refuses a number that is none.
  new CalibrationBins(bins);
  return {
    name,
    kind: 'expectedCalibrationError',
    begin(width) {
      const counts = new CalibrationBins(bins);
      return {
        add(predictions, targets, count) {
          for (let sample = 0; sample < count; sample++) {
            const row = predictions.subarray(sample * width, (sample + 1) * width);
            const best = firstLargest(row);
            const label =
              targets.length === count
                ? targets[sample]
                : firstLargest(targets.subarray(sample * width, (sample + 1) * width));
            counts.add(row[best], best === label);
          }
        },
        figures: () => ({ '': counts.errors().expected }),
      };
    },
    getConfig: () => ({ name, bins }),
  };
}

function firstLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
