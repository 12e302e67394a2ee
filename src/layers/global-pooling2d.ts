import { ShapeError } from '../core/errors.js';
import { formatShape } from '../core/shape.js';
import type { Value } from '../ops/ir.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireFlag } from './option-checks.js';

/** Options of the global pooling layers. */
export interface GlobalPooling2DOptions extends LayerOptions {
  /** Whether height and width stay, as axes of size 1; default false. */
  keepDims?: boolean;
}

/** Base of the layers that reduce a whole image to one number a channel. */
export abstract class GlobalPooling2D extends Layer {
  /** Whether height and width stay, as axes of size 1. */
  protected readonly keepDims: boolean;

  /** @param options whether axes stay. @param defaultName snake-case class name. */
  constructor(options: GlobalPooling2DOptions, defaultName: string) {
    super(options, defaultName);
    this.keepDims = requireFlag(options.keepDims ?? false, 'keepDims', `layer '${this.name}'`);
  }

  call([x]: readonly Value[]): Value {
    if (x.shape.length !== 4) {
      throw new ShapeError(
        `layer '${this.name}' expects images [N, H, W, C], got shape ${formatShape(x.shape)}`,
      );
    }
    return this.pool(x);
  }

  /** Reduces height and width of x `[N, H, W, C]`. */
  protected abstract pool(x: Value): Value;

  getConfig(): LayerConfig {
    return { keepDims: this.keepDims };
  }
}
