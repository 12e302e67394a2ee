import { ShapeError, UnknownNameError, ValueError } from '../core/errors.js';
import { formatShape } from '../core/shape.js';
import { pad } from '../ops/box-copy.js';
import type { Value } from '../ops/ir.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireCount, show } from './option-checks.js';

type Pair = readonly [number, number];

/** Options of `zeroPadding2d`. */
export interface ZeroPadding2DOptions extends LayerOptions {
  /** Pixels on every side, or [rows, columns], or [[top, bottom], [left, right]]; default 1. */
  padding?: number | Pair | readonly [Pair, Pair];
  /**
   * Which axes are the rows and columns: the second and third, `channelsLast` (default), or the third and
   * fourth, `channelsFirst`. Everything else here keeps the channels last, where `channelsFirst` with
   * `[[0, 0], [before, after]]` gives zero channels: the shortcut "option A" of the residual paper.
   */
  dataFormat?: DataFormat;
}

/** Keras's `data_format`. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/**
 * Zeros around images: `[N, H, W, C]` → `[N, H + top + bottom, W + left + right, C]`, or with
 * `channelsFirst` `[N, H, W + top + bottom, C + left + right]`.
 */
export class ZeroPadding2D extends Layer {
  readonly className = 'ZeroPadding2D';
  readonly #padding: readonly [Pair, Pair];
  readonly #dataFormat: DataFormat;

  /** @param options the padding. @throws {ValueError} when it is negative or of another form. */
  constructor(options: ZeroPadding2DOptions = {}) {
    super(options, 'zero_padding2d');
    const padding: unknown = options.padding ?? 1;
    const what = `layer '${this.name}'`;
    const sides = (value: unknown): Pair => {
      const pair: unknown[] = Array.isArray(value) ? value : [value, value];
      if (pair.length !== 2) {
        throw new ValueError(
          `${what}: padding must be a number, [rows, columns] or [[top, bottom], [left, right]], got ${show(padding)}`,
        );
      }
      return [requireCount(pair[0], 'padding', what, 0), requireCount(pair[1], 'padding', what, 0)];
    };
    if (Array.isArray(padding) && padding.length === 2) {
      this.#padding = [sides(padding[0]), sides(padding[1])];
    } else {
      this.#padding = [sides(padding), sides(padding)];
    }
    this.#dataFormat = options.dataFormat ?? 'channelsLast';
    if (this.#dataFormat !== 'channelsLast' && this.#dataFormat !== 'channelsFirst') {
      const known = ['channelsLast', 'channelsFirst'];
      throw new UnknownNameError(`dataFormat of ${what}`, String(this.#dataFormat), known);
    }
  }

  call([x]: readonly Value[]): Value {
    if (x.shape.length !== 4) {
      throw new ShapeError(
        `layer '${this.name}' expects images [N, H, W, C], got shape ${formatShape(x.shape)}`,
      );
    }
    const last = this.#dataFormat === 'channelsLast';
    return pad(x, last ? [...this.#padding, [0, 0]] : [[0, 0], ...this.#padding]);
  }

  getConfig(): LayerConfig {
    return { padding: this.#padding, dataFormat: this.#dataFormat };
  }
}

/** A layer of zeros around images; see `ZeroPadding2DOptions`. */
export const zeroPadding2d = (options: ZeroPadding2DOptions = {}): ZeroPadding2D =>
  new ZeroPadding2D(options);
