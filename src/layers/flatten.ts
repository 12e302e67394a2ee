import type { Value } from '../ops/ir.js';
import { flatten as flattenOp } from '../ops/reshape.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';

/** All axes but the batch as one: `[N, H, W, C]` → `[N, H · W · C]`, row-major. */
export class Flatten extends Layer {
  readonly className = 'Flatten';

  /** @param options name and whether it is trainable. */
  constructor(options: LayerOptions = {}) {
    super(options, 'flatten');
  }

  call([x]: readonly Value[]): Value {
    return flattenOp(x);
  }

  getConfig(): LayerConfig {
    return {};
  }
}

/** A flattening layer. */
export const flatten = (options: LayerOptions = {}): Flatten => new Flatten(options);
