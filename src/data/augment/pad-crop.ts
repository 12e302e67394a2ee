import type { Augmentation } from './augmentation.js';
import { type FillOptions, fillOptions, sourcePlace } from './fill-mode.js';
import { imageAugmentation } from './image-stage.js';
import { wholeOption } from './option-checks.js';

/** Options of {@link padCrop}. */
export interface PadCropOptions extends FillOptions {
  /** Pixels put around the image before a part of the old size is cut out; default 4. */
  readonly padding?: number;
}

const LARGEST_PADDING = 4096;

/**
 * Pads on all sides and cuts out a part of the old size at random, as He et al. do for CIFAR ("Deep
 * residual learning", 2016, section 4.2): the image moves by up to `padding` pixels each way.
 * @throws {ValueError} for options out of range.
 */
export function padCrop(options: PadCropOptions = {}): Augmentation {
  const padding = wholeOption('padCrop', 'padding', options.padding ?? 4, 0, LARGEST_PADDING);
  const { fillMode, fillValue } = fillOptions('padCrop', options);
  return imageAugmentation({
    name: 'padCrop',
    config: { padding, fillMode, fillValue },
    prepare({ height, width, channels }) {
      const copy = new Float32Array(height * width * channels);
      /** Writes a pixel whose column may lie beyond the border. */
      const writePixel = (data: Float32Array, out: number, row: number, x: number) => {
        const column = sourcePlace(x, width, fillMode);
        const from = (row * width + column) * channels;
        for (let c = 0; c < channels; c++) data[out + c] = column < 0 ? fillValue : copy[from + c];
      };
      return (data, at, random) => {
        const down = random.integer(2 * padding + 1) - padding;
        const right = random.integer(2 * padding + 1) - padding;
        if (down === 0 && right === 0) return;
        for (let i = 0; i < copy.length; i++) copy[i] = data[at + i];
        // Of each row, columns from `first` to `end` come from within the image, as one run of numbers.
        const first = Math.min(width, Math.max(0, -right));
        const end = Math.max(first, Math.min(width, width - right));
        for (let y = 0; y < height; y++) {
          const out = at + y * width * channels;
          const row = sourcePlace(y + down, height, fillMode);
          if (row < 0) {
            data.fill(fillValue, out, out + width * channels);
            continue;
          }
          for (let x = 0; x < first; x++) writePixel(data, out + x * channels, row, x + right);
          const shift = (row * width + right) * channels - out;
          for (let i = out + first * channels; i < out + end * channels; i++)
            data[i] = copy[i + shift];
          for (let x = end; x < width; x++) writePixel(data, out + x * channels, row, x + right);
        }
      };
    },
  });
}
