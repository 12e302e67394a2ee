import type { Value } from '../ops/ir.js';
import type { Loss } from './loss.js';

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

/**
 * A figure of a whole data set that no mean over its samples gives, such as precision. It is reported by
 * `evaluate` and by validation, not by the steps of training.
 */
export interface DatasetMetric {
  /** Key in logs and in the history. */
  readonly name: string;
  /** Name in the registry, where `name` is one of the user's own. */
  readonly kind: string;
  /** Begins to count. @param width predictions of one sample. */
  begin(width: number): DatasetFigure;
  /** Serialisable options. */
  getConfig(): Record<string, unknown>;
}

/** Counts over the batches of a data set. */
export interface DatasetFigure {
  /**
   * Takes a batch in.
   * @param predictions `[count, width]`. @param targets `[count, width]`, or class indices `[count]`.
   */
  add(predictions: Float32Array, targets: Float32Array, count: number): void;
  /** The figures so far, by what is put after the name of the metric: `''`, or `_0` and so on by class. */
  figures(): Readonly<Record<string, number>>;
}
