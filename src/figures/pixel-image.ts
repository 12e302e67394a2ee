import { encode } from 'fast-png';
import { ValueError } from '../core/errors.js';
import { type ColorScaleName, scaleRgb } from './color-scale.js';

/** Pixels of a picture. */
export interface PixelImage {
  /** Row-major, `[height, width, channels]`. */
  data: ArrayLike<number>;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** 1: one value, coloured by `scale`. 3: red, green, blue. */
  channels: 1 | 3;
  /** Values of black and white, or of the ends of the scale; default the smallest and largest value. */
  domain?: readonly [number, number];
  /** Colours of one value; default `gray`. */
  scale?: Exclude<ColorScaleName, 'accent'>;
}

const MOST_PIXELS = 2 ** 24;

/**
 * A picture as a `data:` address with a PNG in it, for `<image>` and `<img>`.
 * @throws {ValueError} when the number of values does not fit the size.
 */
export function imageDataUri(image: PixelImage): string {
  return `data:image/png;base64,${base64(imagePng(image))}`;
}

/** A picture as a PNG file. @throws {ValueError} when the number of values does not fit the size. */
export function imagePng(image: PixelImage): Uint8Array {
  const { data, width, height, channels, scale = 'gray' } = image;
  const count = width * height;
  if (
    !(Number.isInteger(count) && count > 0 && count <= MOST_PIXELS) ||
    data.length !== count * channels
  ) {
    throw new ValueError(
      `an image of ${width} × ${height} pixels with ${channels} channels needs ${count * channels} values, got ${data.length}`,
    );
  }
  const [low, high] = image.domain ?? range(data);
  const place = (i: number) => (high > low ? (data[i] - low) / (high - low) : 0.5);
  const bytes = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    if (channels === 1) {
      bytes.set(scaleRgb(scale, place(i)), i * 3);
    } else {
      for (let c = 0; c < 3; c++) {
        bytes[i * 3 + c] = Math.round(255 * Math.min(1, Math.max(0, place(i * 3 + c))));
      }
    }
  }
  return encode({ width, height, data: bytes, channels: 3, depth: 8 });
}

function range(data: ArrayLike<number>): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  return [low, high];
}

/** Piece by piece, since a call takes only so many arguments. */
function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 4096) {
    parts.push(String.fromCharCode(...bytes.subarray(i, i + 4096)));
  }
  return btoa(parts.join(''));
}
