import type { Shape } from '../core/shape.js';
import type { Value } from '../ops/ir.js';

/** Measures how wrong predictions are; training makes its mean over the batch small. */
export interface Loss {
  /** Name in files and messages. */
  readonly name: string;
  /** Whether the targets are class indices. */
  readonly sparse: boolean;
  /** Shape of one sample's target, for predictions of this sample shape. */
  targetShape(prediction: Shape): Shape;
  /** Emits the loss of every sample, `[N]`, from predictions and targets `[N, ...]`. */
  emit(predictions: Value, targets: Value): Value;
  /** Serialisable options. */
  getConfig(): Record<string, unknown>;
}
