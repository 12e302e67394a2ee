import type { Value } from '../ops/ir.js';
import { softmax as softmaxOp } from '../ops/softmax.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';

/** e^x / Σ e^x over the last axis; the shape stays. */
export class Softmax extends Layer {
  readonly className = 'Softmax';

  /** @param options name and whether it is trainable. */
  constructor(options: LayerOptions = {}) {
    super(options, 'softmax');
  }

  call([x]: readonly Value[]): Value {
    return softmaxOp(x);
  }

  getConfig(): LayerConfig {
    return {};
  }
}

/** A softmax layer. */
export const softmax = (options: LayerOptions = {}): Softmax => new Softmax(options);
