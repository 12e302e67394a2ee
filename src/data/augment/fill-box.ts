import type { Random } from '../../core/random.js';
import type { ImageShape } from './image-stage.js';

/** A rectangle of pixels: rows `top` to `bottom`, columns `left` to `right`, ends excluded. */
export interface Box {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Fills a rectangle of an image with one value, or with normal draws. */
export function fillBox(
  data: Float32Array,
  at: number,
  { width, channels }: ImageShape,
  { top, bottom, left, right }: Box,
  fill: number | Random,
): void {
  for (let y = top; y < bottom; y++) {
    const row = at + y * width * channels;
    for (let i = row + left * channels; i < row + right * channels; i++) {
      data[i] = typeof fill === 'number' ? fill : fill.normal();
    }
  }
}
