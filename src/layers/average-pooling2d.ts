import type { Value } from '../ops/ir.js';
import { averagePool } from '../ops/pool2d.js';
import { Pooling2D, type Pooling2DOptions } from './pooling2d.js';

/** The mean of each window, padding not counted: `[N, H, W, C]` → `[N, H', W', C]`. */
export class AveragePooling2D extends Pooling2D {
  readonly className = 'AveragePooling2D';

  /** @param options the window. @throws {ValueError} for options out of range. */
  constructor(options: Pooling2DOptions = {}) {
    super(options, 'average_pooling2d');
  }

  call([x]: readonly Value[]): Value {
    return averagePool(x, this.window);
  }
}

/** An average pooling layer; see `Pooling2DOptions`. */
export const averagePooling2d = (options: Pooling2DOptions = {}): AveragePooling2D =>
  new AveragePooling2D(options);
