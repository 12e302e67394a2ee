import { ValueError } from '../../core/errors.js';
import type { Augmentation } from './augmentation.js';
import { type Box, fillBox } from './fill-box.js';
import { imageAugmentation } from './image-stage.js';
import { numberOption, rangeOption } from './option-checks.js';

/** Options of {@link randomErasing}, with torchvision's defaults. */
export interface RandomErasingOptions {
  /** How often; default 0.5. */
  readonly probability?: number;
  /** Least and largest share of the image's area; default [0.02, 0.33]. */
  readonly scale?: readonly [number, number];
  /** Least and largest height / width; default [0.3, 3.3]. */
  readonly ratio?: readonly [number, number];
  /** A value, or `random` for normal draws, one for each number; default 0. */
  readonly fillValue?: number | 'random';
}

const LARGEST_RATIO = 1e3;
/** Draws until a rectangle fits, as in torchvision; then the image stays as it is. */
const TRIES = 10;

/**
 * Covers a rectangle of random size and place within the image. Source: Zhong et al., "Random erasing
 * data augmentation" (2017); sizes are drawn as torchvision draws them.
 * @throws {ValueError} for options out of range.
 */
export function randomErasing(options: RandomErasingOptions = {}): Augmentation {
  const what = 'randomErasing';
  const probability = numberOption(what, 'probability', options.probability ?? 0.5, 0, 1);
  const scale = rangeOption(what, 'scale', options.scale ?? [0.02, 0.33], 0, 1);
  const [low, high] = rangeOption(what, 'ratio', options.ratio ?? [0.3, 3.3], 0, LARGEST_RATIO);
  if (low === 0) throw new ValueError(`${what}: ratio must be above 0, got [${low}, ${high}].`);
  const { fillValue = 0 } = options;
  const fill =
    fillValue === 'random'
      ? fillValue
      : numberOption(what, 'fillValue', fillValue, -Number.MAX_VALUE);
  return imageAugmentation({
    name: what,
    config: { probability, scale, ratio: [low, high], fillValue: fill },
    prepare(shape) {
      const { height, width } = shape;
      const box: Box = { top: 0, bottom: 0, left: 0, right: 0 };
      return (data, at, random) => {
        if (random.uniform() >= probability) return;
        for (let attempt = 0; attempt < TRIES; attempt++) {
          const area = height * width * (scale[0] + (scale[1] - scale[0]) * random.uniform());
          const ratio = Math.exp(Math.log(low) + Math.log(high / low) * random.uniform());
          const h = Math.round(Math.sqrt(area * ratio));
          const w = Math.round(Math.sqrt(area / ratio));
          if (h >= height || w >= width) continue;
          box.top = random.integer(height - h + 1);
          box.left = random.integer(width - w + 1);
          box.bottom = box.top + h;
          box.right = box.left + w;
          fillBox(data, at, shape, box, fill === 'random' ? random : fill);
          return;
        }
      };
    },
  });
}
