import { ValueError } from '../../core/errors.js';
import type { DatasetFigure, DatasetMetric } from '../metric.js';
import { PositiveCounts } from './positive-counts.js';

/** Options of `f1Score`, with Keras's names. */
export interface F1ScoreOptions {
  /**
   * `macro` (default): mean over the classes; `weighted`: by their numbers of samples; `micro`: of all
   * counts together; null, Keras's default: one figure a class, `f1Score_0` and so on.
   */
  average?: 'macro' | 'micro' | 'weighted' | null;
  /** Prediction above which a sample is taken for a class; by default the largest decides. */
  threshold?: number;
  /** Key in logs; default `f1Score`. */
  name?: string;
}

const EPSILON = 1e-7;
const AVERAGES = ['macro', 'micro', 'weighted', null];

/**
 * Harmonic mean of precision and recall, as Keras's `F1Score`.
 * @throws {ValueError} for options out of range.
 */
export function f1Score(options: F1ScoreOptions = {}): DatasetMetric {
  const { average = 'macro', name = 'f1Score' } = options;
  const threshold = options.threshold ?? undefined;
  if (!AVERAGES.includes(average)) {
    throw new ValueError(`f1Score: average must be 'macro', 'micro', 'weighted' or null`);
  }
  if (threshold !== undefined && !(threshold > 0 && threshold <= 1)) {
    throw new ValueError(`f1Score: threshold must be a number above 0, to 1, got ${threshold}`);
  }
  return {
    name,
    kind: 'f1Score',
    begin: (width) => new Scores(width, average, threshold),
    getConfig: () => ({ name, average, ...(threshold !== undefined && { threshold }) }),
  };
}

class Scores implements DatasetFigure {
  readonly #counts: PositiveCounts;
  readonly #average: F1ScoreOptions['average'];
  readonly #threshold: number | undefined;

  constructor(width: number, average: F1ScoreOptions['average'], threshold: number | undefined) {
    this.#counts = new PositiveCounts(width);
    this.#average = average;
    this.#threshold = threshold;
  }

  add(predictions: Float32Array, targets: Float32Array, count: number): void {
    const width = predictions.length / count;
    const largest = new Float32Array(count);
    for (let sample = 0; sample < count; sample++) {
      largest[sample] = Math.max(...predictions.subarray(sample * width, (sample + 1) * width));
    }
    const threshold = this.#threshold;
    this.#counts.add(targets, count, (from, c) => {
      const value = predictions[from + c];
      return threshold === undefined ? value >= largest[from / width] : value > threshold;
    });
  }

  figures(): Readonly<Record<string, number>> {
    const { truePositives, falsePositives, falseNegatives } = this.#counts;
    if (this.#average === 'micro') {
      const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
      return { '': f1(total(truePositives), total(falsePositives), total(falseNegatives)) };
    }
    const scores = Array.from(truePositives, (found, c) =>
      f1(found, falsePositives[c], falseNegatives[c]),
    );
    if (this.#average === null) {
      return Object.fromEntries(scores.map((score, c) => [`_${c}`, score]));
    }
    const samples = truePositives.map((found, c) => found + falseNegatives[c]);
    const all = samples.reduce((a, b) => a + b, 0);
    const share = (c: number) =>
      this.#average === 'weighted' ? samples[c] / (all + EPSILON) : 1 / scores.length;
    return { '': scores.reduce((sum, score, c) => sum + share(c) * score, 0) };
  }
}

function f1(found: number, wrong: number, missed: number): number {
  const precision = found / (found + wrong + EPSILON);
  const recall = found / (found + missed + EPSILON);
  return (2 * precision * recall) / (precision + recall + EPSILON);
}
