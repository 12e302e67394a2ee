import { sizeOf } from '../../core/shape.js';
import type { Augmentation } from './augmentation.js';
import { imageShapeOf } from './image-stage.js';
import { blend, MixStage } from './mix-stage.js';
import { numberOption } from './option-checks.js';

/** Options of {@link cutmix}. */
export interface CutmixOptions {
  /** Parameter of the beta distribution of the share that stays; default 1, every share alike. */
  readonly alpha?: number;
  /** How often a sample is mixed; default 1. */
  readonly probability?: number;
}

/**
 * Puts a rectangle of another image into each image, and blends the one-hot targets by area. The
 * rectangle has √(1 − λ) of the height and of the width, λ ~ Beta(α, α), a uniformly drawn centre, and is
 * cut off at the border; the targets get the share that is really covered. Source: Yun et al., "CutMix"
 * (ICCV 2019).
 * @throws {ValueError} for options out of range.
 */
export function cutmix(options: CutmixOptions = {}): Augmentation {
  const alpha = numberOption('cutmix', 'alpha', options.alpha ?? 1, 1e-3, 1e3);
  const probability = numberOption('cutmix', 'probability', options.probability ?? 1, 0, 1);
  return {
    name: 'cutmix',
    config: { alpha, probability },
    mixes: true,
    over(dataset, stream) {
      const { height, width, channels } = imageShapeOf(dataset, 'cutmix');
      const widths = dataset.targetShapes.map(sizeOf);
      return new MixStage(
        'cutmix',
        dataset,
        ({ arrays, partners, sample }, random) => {
          if (random.uniform() >= probability) return;
          const side = Math.sqrt(1 - random.beta(alpha, alpha));
          const [top, bottom] = cutRange(height, side, random.integer(height));
          const [left, right] = cutRange(width, side, random.integer(width));
          const [image, other] = [arrays[0], partners[0]];
          const start = sample * height * width * channels;
          for (let y = top; y < bottom; y++) {
            const row = start + y * width * channels;
            for (let i = row + left * channels; i < row + right * channels; i++)
              image[i] = other[i];
          }
          const share = 1 - ((bottom - top) * (right - left)) / (height * width);
          for (let i = 0; i < widths.length; i++) {
            blend(arrays[i + 1], partners[i + 1], sample * widths[i], widths[i], share);
          }
        },
        stream,
      );
    },
  };
}

/** From where to where a cut of a share of the length goes around its centre. */
function cutRange(length: number, share: number, centre: number): readonly [number, number] {
  const cut = Math.floor(length * share);
  const half = Math.floor(cut / 2);
  return [Math.max(0, centre - half), Math.min(length, centre + half)];
}
