import { GraphError } from '../core/errors.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { input } from '../layers/input-layer.js';
import type { Layer, LayerOptions } from '../layers/layer.js';
import { Model } from './model.js';

/** Options of `sequential`. */
export interface SequentialOptions extends LayerOptions {
  /** Shape of one sample, without the batch: `[28, 28, 1]`. */
  inputShape: readonly number[];
  /** Layers, each fed by the one before it. */
  layers: readonly Layer[];
  /** Name of the input. */
  inputName?: string;
}

/** A model in which every layer feeds the next. */
export class Sequential extends Model {
  /**
   * @param options shape of the input, and the layers.
   * @throws {GraphError} without layers, or for something else than a list of them. @throws {ShapeError} when a layer does not fit the one before it.
   */
  constructor({ inputShape, layers, inputName, ...options }: SequentialOptions) {
    if (!Array.isArray(layers)) {
      throw new GraphError(
        'a sequential model takes { inputShape, layers: [...] }, layers being a list',
      );
    }
    if (layers.length === 0) throw new GraphError('a sequential model needs at least one layer');
    const first = input({ shape: inputShape, ...(inputName !== undefined && { name: inputName }) });
    const last = layers.reduce<SymbolicTensor>((tensor, layer) => layer(tensor), first);
    super({ inputs: first, outputs: last, ...options });
  }
}

/** A model in which every layer feeds the next; see `SequentialOptions`. */
export const sequential = (options: SequentialOptions): Sequential => new Sequential(options);
