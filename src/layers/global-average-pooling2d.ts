import type { Value } from '../ops/ir.js';
import { mean } from '../ops/reduce.js';
import { GlobalPooling2D, type GlobalPooling2DOptions } from './global-pooling2d.js';

/** The mean of each channel: `[N, H, W, C]` → `[N, C]`, or `[N, 1, 1, C]` with `keepDims`. */
export class GlobalAveragePooling2D extends GlobalPooling2D {
  readonly className = 'GlobalAveragePooling2D';

  /** @param options whether axes stay. */
  constructor(options: GlobalPooling2DOptions = {}) {
    super(options, 'global_average_pooling2d');
  }

  protected pool(x: Value): Value {
    return mean(x, [1, 2], this.keepDims);
  }
}

/** A global average pooling layer; see `GlobalPooling2DOptions`. */
export const globalAveragePooling2d = (
  options: GlobalPooling2DOptions = {},
): GlobalAveragePooling2D => new GlobalAveragePooling2D(options);
