import type { Value } from '../ops/ir.js';
import { relu } from '../ops/unary.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';

/** max(x, 0), elementwise; the shape stays. */
export class ReLU extends Layer {
  readonly className = 'ReLU';

  /** @param options name and whether it is trainable. */
  constructor(options: LayerOptions = {}) {
    super(options, 're_lu');
  }

  call([x]: readonly Value[]): Value {
    return relu(x);
  }

  getConfig(): LayerConfig {
    return {};
  }
}

/** A ReLU layer. */
export const reLU = (options: LayerOptions = {}): ReLU => new ReLU(options);
