import { hashName } from '../core/random.js';
import type { CallContext } from '../graph/graph-layer.js';
import { multiply } from '../ops/binary.js';
import { dropout as dropoutOp } from '../ops/dropout.js';
import { fill } from '../ops/fill.js';
import { dropPath as dropBatch } from '../ops/gate.js';
import type { Value } from '../ops/ir.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireNumber, requireOneOf } from './option-checks.js';

const UNITS = ['sample', 'batch'] as const;

/** Options of `dropPath`. */
export interface DropPathOptions extends LayerOptions {
  /** Probability that a path is dropped in training, in [0, 1): one minus the survival probability. */
  rate: number;
  /**
   * What is dropped at once: each `sample` by itself (default), or the whole `batch`, as in the paper. Then
   * the operations that only the path needs are not run in such a step: not forward, not backward; their
   * weights get gradients of zero, and their moving statistics stay as they were.
   */
  per?: 'sample' | 'batch';
}

/**
 * Zeroes whole samples, or the whole batch, with probability `rate` in training and divides the others by
 * 1 − rate; does nothing in inference. At the end of a residual branch, before the addition, it is stochastic
 * depth (Huang et al., "Deep networks with stochastic depth", 2016). The draws follow from the run's seed,
 * the step, the layer's name and, by sample, its place in the batch. Its name is KerasCV's; Keras has no such
 * layer. PyTorch's `StochasticDepth` has both modes, `row` and `batch`.
 */
export class DropPath extends Layer {
  readonly className = 'DropPath';
  readonly #rate: number;
  readonly #per: (typeof UNITS)[number];

  /**
   * @param options the rate, and what is dropped at once. @throws {ValueError} when the rate lies outside
   * [0, 1). @throws {UnknownNameError} for another `per`.
   */
  constructor(options: DropPathOptions) {
    super(options, 'drop_path');
    this.#rate = requireNumber(options.rate, 'rate', `layer '${this.name}'`, 0, 1);
    this.#per = requireOneOf(options.per ?? 'sample', UNITS, `per of layer '${this.name}'`);
  }

  call([x]: readonly Value[], context: CallContext): Value {
    const { training, statisticsMomentum } = context;
    if (!training || this.#rate === 0) return x;
    const stream = hashName(x.graph.source || this.name);
    if (this.#per === 'batch') {
      // Statistics made anew are those of inference, where nothing is dropped.
      return statisticsMomentum === undefined ? dropBatch(x, this.#rate, stream) : x;
    }
    const one = fill(
      x.graph,
      x.shape.map((size, axis) => (axis === 0 ? size : 1)),
      1,
    );
    return multiply(x, dropoutOp(one, this.#rate, stream));
  }

  getConfig(): LayerConfig {
    return { rate: this.#rate, per: this.#per };
  }
}

/** A layer of stochastic depth; see `DropPathOptions`. */
export const dropPath = (options: DropPathOptions): DropPath => new DropPath(options);
