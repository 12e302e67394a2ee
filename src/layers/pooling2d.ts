import type { Pool2dOptions } from '../ops/pool2d.js';
import type { Padding } from '../ops/window.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { pairOf, requirePadding, type Size2d } from './option-checks.js';

/** Options of the pooling layers, named as in Keras. */
export interface Pooling2DOptions extends LayerOptions {
  /** Height and width of the window, in pixels; default 2. */
  poolSize?: Size2d;
  /** Step in pixels; default the window's size. */
  strides?: Size2d;
  /** `valid` (default) or `same`, as TensorFlow defines them. */
  padding?: Padding;
}

/** Base of the layers that reduce a sliding window to one number a channel. */
export abstract class Pooling2D extends Layer {
  /** The window, for the operation. */
  protected readonly window: Pool2dOptions;

  /** @param options the window. @param defaultName snake-case class name. */
  constructor(options: Pooling2DOptions, defaultName: string) {
    super(options, defaultName);
    const what = `layer '${this.name}'`;
    const poolSize = pairOf(options.poolSize ?? 2, 'poolSize', what);
    this.window = {
      poolSize,
      strides: pairOf(options.strides ?? poolSize, 'strides', what),
      padding: requirePadding(options.padding ?? 'valid', what),
    };
  }

  getConfig(): LayerConfig {
    return { ...this.window };
  }
}
