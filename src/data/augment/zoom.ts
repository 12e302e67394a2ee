import { ValueError } from '../../core/errors.js';
import type { Augmentation } from './augmentation.js';
import { type FillOptions, fillOptions } from './fill-mode.js';
import { imageAugmentation } from './image-stage.js';
import { rangeOption } from './option-checks.js';
import { bilinearWarp, identityMap, keepCentre } from './warp.js';

/** Options of {@link zoom}. */
export interface ZoomOptions extends FillOptions {
  /** Least and largest factor; above 1 enlarges; default [0.9, 1.1]. */
  readonly range?: readonly [number, number];
}

const LARGEST_ZOOM = 100;

/**
 * Enlarges or shrinks images about their centre, with bilinear interpolation; the size stays.
 * @throws {ValueError} for options out of range.
 */
export function zoom(options: ZoomOptions = {}): Augmentation {
  const range = rangeOption('zoom', 'range', options.range ?? [0.9, 1.1], 0, LARGEST_ZOOM);
  const [low, high] = range;
  if (low < 1 / LARGEST_ZOOM) {
    throw new ValueError(`zoom: range must be above ${1 / LARGEST_ZOOM}, got [${low}, ${high}].`);
  }
  const fill = fillOptions('zoom', options);
  return imageAugmentation({
    name: 'zoom',
    config: { range, ...fill },
    prepare(shape) {
      const warp = bilinearWarp(shape, fill);
      const map = identityMap();
      return (data, at, random) => {
        const factor = low + (high - low) * random.uniform();
        map.xx = 1 / factor;
        map.yy = 1 / factor;
        keepCentre(map, shape);
        warp(data, at, map);
      };
    },
  });
}
