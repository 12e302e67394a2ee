import { ShapeError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { Augmentation } from './augmentation.js';
import { brighten, changeContrast, saturate, turnHue } from './color-changes.js';
import { imageAugmentation } from './image-stage.js';
import { numberOption } from './option-checks.js';

/** Options of {@link colorJitter}. */
export interface ColorJitterOptions {
  /** The factor is drawn from [1 − brightness, 1 + brightness], not below 0; default 0: none. */
  readonly brightness?: number;
  /** Likewise, away from the mean brightness or towards it. */
  readonly contrast?: number;
  /** Likewise, away from grey or towards it; for RGB images. */
  readonly saturation?: number;
  /** Most that the hue is turned either way, in turns, at most 0.5; for RGB images; default 0. */
  readonly hue?: number;
}

const CHANGES = 4;

/**
 * Changes brightness, contrast, saturation and hue in random order, as torchvision's `ColorJitter`.
 * Pixels are taken to lie in [0, 1] and stay there.
 * @throws {ValueError} for options out of range; {@link augment} throws a ShapeError where saturation or
 * hue is asked for and the images are not RGB.
 */
export function colorJitter(options: ColorJitterOptions = {}): Augmentation {
  const what = 'colorJitter';
  const brightness = numberOption(what, 'brightness', options.brightness ?? 0, 0);
  const contrast = numberOption(what, 'contrast', options.contrast ?? 0, 0);
  const saturation = numberOption(what, 'saturation', options.saturation ?? 0, 0);
  const hue = numberOption(what, 'hue', options.hue ?? 0, 0, 0.5);
  return imageAugmentation({
    name: what,
    config: { brightness, contrast, saturation, hue },
    pixels: 'colours',
    prepare({ height, width, channels }) {
      if ((saturation > 0 || hue > 0) && channels !== 3) {
        throw new ShapeError(
          `${what} changes saturation and hue of RGB images, but these have ${channels} channels; leave ` +
            'both options out.',
        );
      }
      const length = height * width * channels;
      const order = new Uint8Array(CHANGES);
      return (data, at, random) => {
        drawOrder(order, random);
        const bright = factorAround(brightness, random);
        const contrasting = factorAround(contrast, random);
        const saturated = factorAround(saturation, random);
        const turns = (2 * random.uniform() - 1) * hue;
        for (let i = 0; i < CHANGES; i++) {
          if (order[i] === 0 && brightness > 0) brighten(data, at, length, bright);
          if (order[i] === 1 && contrast > 0) {
            changeContrast(data, at, length, channels, contrasting);
          }
          if (order[i] === 2 && saturation > 0) saturate(data, at, length, saturated);
          if (order[i] === 3 && hue > 0) turnHue(data, at, length, turns);
        }
      };
    },
  });
}

function factorAround(strength: number, random: Random): number {
  const low = Math.max(0, 1 - strength);
  return low + (1 + strength - low) * random.uniform();
}

/** Fills in 0 to 3 in random order (Fisher and Yates). */
function drawOrder(order: Uint8Array, random: Random): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}
