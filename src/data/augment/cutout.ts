import type { Augmentation } from './augmentation.js';
import { type Box, fillBox } from './fill-box.js';
import { imageAugmentation } from './image-stage.js';
import { numberOption, wholeOption } from './option-checks.js';

/** Options of {@link cutout}. */
export interface CutoutOptions {
  /** Side of the square in pixels; default half the height of the image. */
  readonly size?: number;
  /** What it is filled with; default 0. */
  readonly fillValue?: number;
  /** How often; default 1. */
  readonly probability?: number;
}

const LARGEST_SIZE = 65_536;

/**
 * Covers a square whose centre may lie anywhere in the image, so that part of it may fall outside.
 * Source: DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout"
 * (2017).
 * @throws {ValueError} for options out of range.
 */
export function cutout(options: CutoutOptions = {}): Augmentation {
  const size =
    options.size === undefined
      ? undefined
      : wholeOption('cutout', 'size', options.size, 1, LARGEST_SIZE);
  const fillValue = numberOption('cutout', 'fillValue', options.fillValue ?? 0, -Number.MAX_VALUE);
  const probability = numberOption('cutout', 'probability', options.probability ?? 1, 0, 1);
  return imageAugmentation({
    name: 'cutout',
    config: { ...(size !== undefined && { size }), fillValue, probability },
    prepare(shape) {
      const { height, width } = shape;
      const side = size ?? Math.max(1, height >> 1);
      const box: Box = { top: 0, bottom: 0, left: 0, right: 0 };
      return (data, at, random) => {
        if (random.uniform() >= probability) return;
        const y = random.integer(height) - (side >> 1);
        const x = random.integer(width) - (side >> 1);
        box.top = Math.max(0, y);
        box.bottom = Math.min(height, y + side);
        box.left = Math.max(0, x);
        box.right = Math.min(width, x + side);
        fillBox(data, at, shape, box, fillValue);
      };
    },
  });
}
