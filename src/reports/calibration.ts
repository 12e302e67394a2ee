import { type CalibrationBin, CalibrationBins } from '../training/metrics/calibration-bins.js';
import type { Classification } from './classify.js';

/** How far confidence can be trusted. */
export interface Calibration {
  /** From confidence 0 to 1. */
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: Σ count / N · |accuracy − confidence|. */
  readonly ece: number;
  /** Largest |accuracy − confidence| of a bin. */
  readonly mce: number;
}

/**
 * Compares confidence and accuracy in bins of equal width, as Guo et al., "On calibration of modern neural
 * networks" (2017).
 * @param bins default 15, as there. @throws {ValueError} for a number of bins out of range.
 */
export function calibration(
  {
    labels,
    predictions,
    confidences,
  }: Pick<Classification, 'labels' | 'predictions' | 'confidences'>,
  bins = 15,
): Calibration {
  const counts = new CalibrationBins(bins);
  labels.forEach((label, i) => {
    counts.add(confidences[i], label === predictions[i]);
  });
  const { expected, largest } = counts.errors();
  return { bins: counts.rows(), ece: expected, mce: largest };
}
