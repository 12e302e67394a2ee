import type { Augmentation } from './augmentation.js';
import { imageAugmentation } from './image-stage.js';
import { flagOption, numberOption } from './option-checks.js';

/** Options of {@link flip}. */
export interface FlipOptions {
  /** Whether left and right are exchanged; default true. */
  readonly horizontal?: boolean;
  /** Whether top and bottom are exchanged, by a draw of its own; default false. */
  readonly vertical?: boolean;
  /** How often; default 0.5. */
  readonly probability?: number;
}

/** Mirrors images at random. @throws {ValueError} for options out of range. */
export function flip(options: FlipOptions = {}): Augmentation {
  const horizontal = flagOption('flip', 'horizontal', options.horizontal ?? true);
  const vertical = flagOption('flip', 'vertical', options.vertical ?? false);
  const probability = numberOption('flip', 'probability', options.probability ?? 0.5, 0, 1);
  return imageAugmentation({
    name: 'flip',
    config: { horizontal, vertical, probability },
    prepare({ height, width, channels }) {
      const row = width * channels;
      return (data, at, random) => {
        if (horizontal && random.uniform() < probability) {
          for (let y = 0; y < height; y++) mirrorRow(data, at + y * row, width, channels);
        }
        if (vertical && random.uniform() < probability) {
          exchangeRows(data, at, height, row);
        }
      };
    },
  });
}

/** Exchanges left and right of one row of pixels, in place. */
function mirrorRow(data: Float32Array, at: number, width: number, channels: number): void {
  for (let x = 0; x < width >> 1; x++) {
    const left = at + x * channels;
    const right = at + (width - 1 - x) * channels;
    for (let c = 0; c < channels; c++) {
      const kept = data[left + c];
      data[left + c] = data[right + c];
      data[right + c] = kept;
    }
  }
}

/** Exchanges top and bottom, in place. */
function exchangeRows(data: Float32Array, at: number, height: number, row: number): void {
  for (let y = 0; y < height >> 1; y++) {
    const upper = at + y * row;
    const lower = at + (height - 1 - y) * row;
    for (let i = 0; i < row; i++) {
      const kept = data[upper + i];
      data[upper + i] = data[lower + i];
      data[lower + i] = kept;
    }
  }
}
