import type { Augmentation } from './augmentation.js';
import { type FillOptions, fillOptions } from './fill-mode.js';
import { imageAugmentation } from './image-stage.js';
import { numberOption } from './option-checks.js';
import { bilinearWarp, identityMap } from './warp.js';

/** Options of {@link shift}. */
export interface ShiftOptions extends FillOptions {
  /** Most that an image moves to either side, as a share of its width; default 0.1. */
  readonly width?: number;
  /** Most that it moves up or down, as a share of its height; default 0.1. */
  readonly height?: number;
}

/**
 * Moves images by parts of pixels, with bilinear interpolation; {@link padCrop} moves them by whole ones.
 * @throws {ValueError} for options out of range.
 */
export function shift(options: ShiftOptions = {}): Augmentation {
  const width = numberOption('shift', 'width', options.width ?? 0.1, 0, 1);
  const height = numberOption('shift', 'height', options.height ?? 0.1, 0, 1);
  const fill = fillOptions('shift', options);
  return imageAugmentation({
    name: 'shift',
    config: { width, height, ...fill },
    prepare(shape) {
      const warp = bilinearWarp(shape, fill);
      const map = identityMap();
      return (data, at, random) => {
        map.x0 = (2 * random.uniform() - 1) * width * shape.width;
        map.y0 = (2 * random.uniform() - 1) * height * shape.height;
        warp(data, at, map);
      };
    },
  });
}
