import { ValueError } from '../core/errors.js';
import type { Classification } from './classify.js';

/** Samples whose confidence lies in one range. */
export interface CalibrationBin {
  /** Range of the confidence; the lower end is excluded. */
  readonly from: number;
  /** Its upper end, included. */
  readonly to: number;
  /** Number of samples. */
  readonly count: number;
  /** Mean confidence; NaN where there are no samples. */
  readonly confidence: number;
  /** Share that was recognised; NaN where there are no samples. */
  readonly accuracy: number;
}

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
  if (!Number.isInteger(bins) || bins < 1 || bins > 1000) {
    throw new ValueError(`bins must be an integer from 1 to 1000, got ${bins}`);
  }
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, hits: 0 }));
  labels.forEach((label, i) => {
    const at = Math.min(bins - 1, Math.max(0, Math.ceil(confidences[i] * bins) - 1));
    sums[at].count++;
    sums[at].confidence += confidences[i];
    if (label === predictions[i]) sums[at].hits++;
  });
  const rows = sums.map(({ count, confidence, hits }, i) => ({
    from: i / bins,
    to: (i + 1) / bins,
    count,
    confidence: confidence / count,
    accuracy: hits / count,
  }));
  const filled = rows.filter(({ count }) => count > 0);
  const gap = ({ accuracy, confidence }: CalibrationBin) => Math.abs(accuracy - confidence);
  return {
    bins: rows,
    ece: filled.reduce((sum, row) => sum + (row.count / labels.length) * gap(row), 0),
    mce: Math.max(0, ...filled.map(gap)),
  };
}
