import { ValueError } from '../core/errors.js';
import type { Classification } from './classify.js';

/** How often each class was taken for each, and what follows for each class. */
export interface ConfusionMatrix {
  /** `counts[true class][predicted class]`. */
  readonly counts: readonly (readonly number[])[];
  /** Share of all samples that were recognised. */
  readonly accuracy: number;
  /** Of each class: share of its samples that were recognised; NaN where there are none. */
  readonly recall: readonly number[];
  /** Of each class: share of the samples taken for it that are of it; NaN where there are none. */
  readonly precision: readonly number[];
  /** Of each class: harmonic mean of recall and precision, 2 TP / (2 TP + FP + FN). */
  readonly f1: readonly number[];
  /** Pairs of classes that were confused, the most frequent first. */
  readonly confusions: readonly {
    readonly actual: number;
    readonly predicted: number;
    readonly count: number;
  }[];
}

/** Classes of samples, and what they were taken for: a `Classification`, or arrays from elsewhere. */
export interface LabelledPredictions extends Pick<Classification, 'classes'> {
  /** Class of each sample. */
  readonly labels: ArrayLike<number>;
  /** What it was taken for. */
  readonly predictions: ArrayLike<number>;
}

/**
 * Counts what was taken for what.
 *
 *     const { counts, recall, confusions } = confusionMatrix(await classify(model, test));
 *
 * @throws {ValueError} when the lengths differ or a class is out of range.
 */
export function confusionMatrix({
  labels,
  predictions,
  classes,
}: LabelledPredictions): ConfusionMatrix {
  if (labels.length !== predictions.length) {
    throw new ValueError(
      `${labels.length} labels and ${predictions.length} predictions were given; each sample needs both`,
    );
  }
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < classes;
  for (let i = 0; i < labels.length; i++) {
    if (!isClass(labels[i]) || !isClass(predictions[i])) {
      throw new ValueError(
        `classes must be integers from 0 to ${classes - 1}, got ${labels[i]} and ${predictions[i]} for sample ${i}`,
      );
    }
    counts[labels[i]][predictions[i]]++;
  }
  const rows = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columns = counts.map((_, c) => counts.reduce((sum, row) => sum + row[c], 0));
  const hits = counts.map((row, c) => row[c]);
  const confusions = counts
    .flatMap((row, actual) => row.map((count, predicted) => ({ actual, predicted, count })))
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count);
  return {
    counts,
    accuracy: hits.reduce((sum, count) => sum + count, 0) / labels.length,
    recall: hits.map((count, c) => count / rows[c]),
    precision: hits.map((count, c) => count / columns[c]),
    f1: hits.map((count, c) => (2 * count) / (rows[c] + columns[c])),
    confusions,
  };
}
