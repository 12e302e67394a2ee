import { decodeImage, type ResizeMode } from './decode-image.js';

/** The image that a network expects. */
export interface ReadImageOptions {
  /** Height in pixels to scale to. */
  readonly height: number;
  /** Width in pixels to scale to. */
  readonly width: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: 1 | 3;
  /** How the image comes to that size; default `contain`. */
  readonly resize?: ResizeMode;
  /**
   * Whether to exchange black and white. Fashion-MNIST and MNIST are white on black, while photos and
   * drawings are mostly dark on a bright ground: `auto` (the default) inverts a grey image that is
   * contained and whose border is brighter than middle grey, and never a colour image.
   */
  readonly invert?: 'auto' | boolean;
}

/** An image as a network takes it. */
export interface ImagePixels {
  /** Row-major `[H, W, C]`, in [0, 1]. */
  readonly data: Float32Array;
  /** `[height, width, channels]`. */
  readonly shape: readonly [number, number, number];
  /** Whether black and white were exchanged. */
  readonly inverted: boolean;
}

const MIDDLE_GREY = 127.5;
/** Luma of ITU-R BT.601, for R, G and B. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Reads a PNG or JPEG file of any size as an image `[H, W, C]` in [0, 1]. The whole image is kept unless
 * told: it is fitted into `height` × `width` with its proportions, and the rest has its border's colour.
 * Transparency is laid on white; a photo's EXIF orientation is applied.
 *
 * @throws DataError when the file is missing, unreadable or too large, is neither PNG nor JPEG, or
 *   cannot be decoded; or when the package `sharp` cannot be loaded.
 */
export async function readImageFile(path: string, options: ReadImageOptions): Promise<ImagePixels> {
  const { height, width, channels, invert = 'auto', resize = 'contain' } = options;
  const { rgb, border } = await decodeImage(path, { height, width }, resize);
  const bright = border !== undefined && luma(border, 0) > MIDDLE_GREY;
  const inverted = invert === 'auto' ? channels === 1 && bright : invert;
  return {
    data: toFloats(rgb, height * width, channels, inverted),
    shape: [height, width, channels],
    inverted,
  };
}

function toFloats(
  rgb: Uint8Array,
  pixels: number,
  channels: 1 | 3,
  inverted: boolean,
): Float32Array {
  const out = new Float32Array(pixels * channels);
  for (let i = 0; i < out.length; i++) {
    const value = (channels === 1 ? luma(rgb, i * 3) : rgb[i]) / 255;
    out[i] = inverted ? 1 - value : value;
  }
  return out;
}

/** Brightness of an RGB pixel, 0 to 255. */
export function luma(rgb: ArrayLike<number>, position: number): number {
  return LUMA[0] * rgb[position] + LUMA[1] * rgb[position + 1] + LUMA[2] * rgb[position + 2];
}
