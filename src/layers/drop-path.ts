import { hashName } from '../core/random.js';
import type { CallContext } from '../graph/graph-layer.js';
import { multiply } from '../ops/binary.js';
import { dropout as dropoutOp } from '../ops/dropout.js';
import { fill } from '../ops/fill.js';
import type { Value } from '../ops/ir.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireNumber } from './option-checks.js';

/** Options of `dropPath`. */
export interface DropPathOptions extends LayerOptions {
  /** Share of the samples that are zeroed in training, in [0, 1): one minus the survival probability. */
  rate: number;
}

/**
 * Zeroes whole samples with probability `rate` in training and divides the others by 1 − rate; does
 * nothing in inference. At the end of a residual branch, before the addition, it is stochastic depth (Huang
 * et al., "Deep networks with stochastic depth", 2016). The draws follow from the run's seed, the step, the
 * layer's name and the sample's place in the batch. Its name is KerasCV's; Keras has no such layer.
 */
export class DropPath extends Layer {
  readonly className = 'DropPath';
  readonly #rate: number;

  /** @param options the rate. @throws {ValueError} when it lies outside [0, 1). */
  constructor(options: DropPathOptions) {
    super(options, 'drop_path');
    this.#rate = requireNumber(options.rate, 'rate', `layer '${this.name}'`, 0, 1);
  }

  call([x]: readonly Value[], context: CallContext): Value {
    if (!context.training || this.#rate === 0) return x;
    const one = fill(
      x.graph,
      x.shape.map((size, axis) => (axis === 0 ? size : 1)),
      1,
    );
    return multiply(x, dropoutOp(one, this.#rate, hashName(this.name)));
  }

  getConfig(): LayerConfig {
    return { rate: this.#rate };
  }
}

/** A layer of stochastic depth; see `DropPathOptions`. */
export const dropPath = (options: DropPathOptions): DropPath => new DropPath(options);
