import { ValueError } from '../../core/errors.js';

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

/** Compares confidence and accuracy in bins of equal width (Guo et al., 2017). */
export class CalibrationBins {
  readonly #counts: Float64Array;
  readonly #confidences: Float64Array;
  readonly #hits: Float64Array;

  /** @param bins how many. @throws {ValueError} for a number out of range. */
  constructor(bins: number) {
    if (!Number.isInteger(bins) || bins < 1 || bins > 1000) {
      throw new ValueError(`bins must be an integer from 1 to 1000, got ${bins}`);
    }
    this.#counts = new Float64Array(bins);
    this.#confidences = new Float64Array(bins);
    this.#hits = new Float64Array(bins);
  }

  /** Takes a sample in: how sure the network was of its class, and whether it was right. */
  add(confidence: number, isRight: boolean): void {
    const bins = this.#counts.length;
    const at = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
    this.#counts[at]++;
    this.#confidences[at] += confidence;
    if (isRight) this.#hits[at]++;
  }

  /** The bins, from confidence 0 to 1. */
  rows(): CalibrationBin[] {
    const bins = this.#counts.length;
    return Array.from(this.#counts, (count, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      count,
      confidence: this.#confidences[i] / count,
      accuracy: this.#hits[i] / count,
    }));
  }

  /** Σ count / N · |accuracy − confidence|, and the largest |accuracy − confidence| of a bin. */
  errors(): { readonly expected: number; readonly largest: number } {
    const rows = this.rows().filter(({ count }) => count > 0);
    const samples = rows.reduce((sum, { count }) => sum + count, 0);
    const gap = ({ accuracy, confidence }: CalibrationBin) => Math.abs(accuracy - confidence);
    return {
      expected: rows.reduce((sum, row) => sum + (row.count / samples) * gap(row), 0),
      largest: Math.max(0, ...rows.map(gap)),
    };
  }
}
