import { hashName } from '../core/random.js';
import type { CallContext } from '../graph/graph-layer.js';
import { dropout as dropoutOp } from '../ops/dropout.js';
import type { Value } from '../ops/ir.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireNumber } from './option-checks.js';

/** Options of `dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Fraction of the values that are zeroed in training, in [0, 1). */
  rate: number;
}

/**
 * Zeroes each value with probability `rate` in training and divides the others by 1 − rate; does nothing
 * in inference. The draws follow from the run's seed, the step and the layer's name. Source: Srivastava
 * et al., "Dropout" (2014).
 */
export class Dropout extends Layer {
  readonly className = 'Dropout';
  readonly #rate: number;

  /** @param options the rate. @throws {ValueError} when it lies outside [0, 1). */
  constructor(options: DropoutOptions) {
    super(options, 'dropout');
    this.#rate = requireNumber(options.rate, 'rate', `layer '${this.name}'`, 0, 1);
  }

  call([x]: readonly Value[], context: CallContext): Value {
    if (!context.training || this.#rate === 0) return x;
    return dropoutOp(x, this.#rate, hashName(x.graph.source || this.name));
  }

  getConfig(): LayerConfig {
    return { rate: this.#rate };
  }
}

/** A dropout layer; see `DropoutOptions`. */
export const dropout = (options: DropoutOptions): Dropout => new Dropout(options);
