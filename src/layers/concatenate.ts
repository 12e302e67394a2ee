import { ValueError } from '../core/errors.js';
import { concatenate as concatenateOp } from '../ops/concatenate.js';
import type { Value } from '../ops/ir.js';
import type { LayerConfig, LayerOptions } from './layer.js';
import { MergeLayer } from './merge-layer.js';
import { show } from './option-checks.js';

/** Options of `concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** The axis along which tensors are joined, with the batch as 0; negative ones count from the end. Default -1. */
  axis?: number;
}

/** Tensors one after the other along an axis; all other axes must be equal. */
export class Concatenate extends MergeLayer {
  readonly className = 'Concatenate';
  readonly #axis: number;

  /** @param options the axis. @throws {ValueError} when it is no integer, or the batch. */
  constructor(options: ConcatenateOptions = {}) {
    super(options, 'concatenate');
    this.#axis = options.axis ?? -1;
    if (!Number.isInteger(this.#axis) || this.#axis === 0) {
      throw new ValueError(
        `layer '${this.name}': axis must be an integer other than 0, which is the batch, got ${show(this.#axis)}`,
      );
    }
  }

  call(inputs: readonly Value[]): Value {
    return concatenateOp(inputs, this.#axis);
  }

  override getConfig(): LayerConfig {
    return { axis: this.#axis };
  }
}

/** A list of tensors joined: `concatenate()([a, b])`. */
export const concatenate = (options: ConcatenateOptions = {}): Concatenate =>
  new Concatenate(options);
