import type { Value } from '../ops/ir.js';
import { maxPool } from '../ops/pool2d.js';
import { reshape } from '../ops/reshape.js';
import { GlobalPooling2D, type GlobalPooling2DOptions } from './global-pooling2d.js';

/** The largest value of each channel: `[N, H, W, C]` → `[N, C]`, or `[N, 1, 1, C]` with `keepDims`. */
export class GlobalMaxPooling2D extends GlobalPooling2D {
  readonly className = 'GlobalMaxPooling2D';

  /** @param options whether axes stay. */
  constructor(options: GlobalPooling2DOptions = {}) {
    super(options, 'global_max_pooling2d');
  }

  protected pool(x: Value): Value {
    const [batch, height, width, channels] = x.shape;
    const whole = [height, width] as const;
    const largest = maxPool(x, { poolSize: whole, strides: whole, padding: 'valid' });
    return this.keepDims ? largest : reshape(largest, [batch, channels]);
  }
}

/** A global max pooling layer; see `GlobalPooling2DOptions`. */
export const globalMaxPooling2d = (options: GlobalPooling2DOptions = {}): GlobalMaxPooling2D =>
  new GlobalMaxPooling2D(options);
