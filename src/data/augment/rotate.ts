import type { Augmentation } from './augmentation.js';
import { type FillOptions, fillOptions } from './fill-mode.js';
import { type ImageShape, imageAugmentation } from './image-stage.js';
import { numberOption } from './option-checks.js';
import { type AffineMap, bilinearWarp, identityMap, keepCentre } from './warp.js';

/** Options of {@link rotate}. */
export interface RotateOptions extends FillOptions {
  /** Most that an image is turned either way, in degrees; default 15. */
  readonly degrees?: number;
}

/**
 * Turns images about their centre, with bilinear interpolation.
 * @throws {ValueError} for options out of range.
 */
export function rotate(options: RotateOptions = {}): Augmentation {
  const degrees = numberOption('rotate', 'degrees', options.degrees ?? 15, 0, 180);
  const fill = fillOptions('rotate', options);
  return imageAugmentation({
    name: 'rotate',
    config: { degrees, ...fill },
    prepare(shape) {
      const warp = bilinearWarp(shape, fill);
      const map = identityMap();
      return (data, at, random) => {
        setRotation(map, shape, (2 * random.uniform() - 1) * degrees);
        warp(data, at, map);
      };
    },
  });
}

/** Makes a map turn an image about its centre, counter-clockwise for an angle above 0. */
export function setRotation(map: AffineMap, shape: ImageShape, degrees: number): void {
  const angle = (degrees * Math.PI) / 180;
  map.xx = Math.cos(angle);
  map.xy = -Math.sin(angle);
  map.yx = Math.sin(angle);
  map.yy = Math.cos(angle);
  keepCentre(map, shape);
}
