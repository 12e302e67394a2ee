import { ShapeError, ValueError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import type { Value } from '../ops/ir.js';
import { reshape as reshapeOp } from '../ops/reshape.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireSampleShape, show } from './option-checks.js';

/** Options of `reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** Sizes of all axes but the batch; one of them may be -1 and follows from the others. */
  targetShape: readonly number[];
}

/** The same values under another shape, row-major; the batch stays. */
export class Reshape extends Layer {
  readonly className = 'Reshape';
  readonly #targetShape: Shape;

  /** @param options the shape. @throws {ValueError} when it is not a list of sizes. */
  constructor(options: ReshapeOptions) {
    super(options, 'reshape');
    const what = `layer '${this.name}'`;
    const target: unknown = options.targetShape;
    const open = Array.isArray(target) ? target.filter((size) => size === -1).length : 0;
    if (open > 1) {
      throw new ValueError(`${what}: targetShape may hold -1 once, got ${show(target)}`);
    }
    const checked = Array.isArray(target) ? target.map((size) => (size === -1 ? 1 : size)) : target;
    requireSampleShape(checked, 'targetShape', what);
    this.#targetShape = [...(target as number[])];
  }

  call([x]: readonly Value[]): Value {
    const [batch, ...sample] = x.shape;
    const known = sizeOf(this.#targetShape.filter((size) => size !== -1));
    const size = sizeOf(sample);
    if (this.#targetShape.includes(-1) && size % known !== 0) {
      throw new ShapeError(
        `layer '${this.name}' cannot reshape ${formatShape([null, ...sample])} to ${formatShape(this.#targetShape)}; ${size} values are not divisible by ${known}`,
      );
    }
    const target = this.#targetShape.map((axis) => (axis === -1 ? size / known : axis));
    return reshapeOp(x, [batch, ...target]);
  }

  getConfig(): LayerConfig {
    return { targetShape: this.#targetShape };
  }
}

/** A reshaping layer; see `ReshapeOptions`. */
export const reshape = (options: ReshapeOptions): Reshape => new Reshape(options);
