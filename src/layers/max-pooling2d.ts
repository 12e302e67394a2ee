import type { Value } from '../ops/ir.js';
import { maxPool } from '../ops/pool2d.js';
import { Pooling2D, type Pooling2DOptions } from './pooling2d.js';

/** The largest value of each window: `[N, H, W, C]` → `[N, H', W', C]`. */
export class MaxPooling2D extends Pooling2D {
  readonly className = 'MaxPooling2D';

  /** @param options the window. @throws {ValueError} for options out of range. */
  constructor(options: Pooling2DOptions = {}) {
    super(options, 'max_pooling2d');
  }

  call([x]: readonly Value[]): Value {
    return maxPool(x, this.window);
  }
}

/** A max pooling layer; see `Pooling2DOptions`. */
export const maxPooling2d = (options: Pooling2DOptions = {}): MaxPooling2D =>
  new MaxPooling2D(options);

/** Keras's other name of `maxPooling2d`. */
export const maxPool2d = maxPooling2d;
