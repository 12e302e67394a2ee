import { DataError } from '../../core/errors.js';
import { readFileBounded } from '../files.js';

/** The image that a network expects. */
export interface ReadImageOptions {
  /** Height in pixels to scale to. */
  readonly height: number;
  /** Width in pixels to scale to. */
  readonly width: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: 1 | 3;
  /**
   * Whether to exchange black and white. Fashion-MNIST and MNIST are white on black, while photos and
   * drawings are mostly dark on a bright ground: `auto` (the default) inverts a grey image whose
   * border is brighter than middle grey, and never a colour image.
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

const MAX_FILE_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 64 * 2 ** 20;
const BORDER_GRID = 32;
const MIDDLE_GREY = 127.5;
/** Luma of ITU-R BT.601, for R, G and B. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Reads a PNG or JPEG file of any size as an image `[H, W, C]` in [0, 1]. The whole image is kept: it
 * is fitted into `height` × `width` with its proportions, and the rest has its border's colour.
 * Transparency is laid on white; a photo's EXIF orientation is applied.
 *
 * @throws DataError when the file is missing, unreadable or too large, is neither PNG nor JPEG, or
 *   cannot be decoded; or when the package `sharp` cannot be loaded.
 */
export async function readImageFile(path: string, options: ReadImageOptions): Promise<ImagePixels> {
  const { height, width, channels, invert = 'auto' } = options;
  const bytes = await readFileBounded(path, MAX_FILE_BYTES, 'the image');
  // Checked by hand, so that sharp's decoders of other formats never see the bytes.
  if (!isPng(bytes) && !isJpeg(bytes)) {
    throw new DataError(`${path} is no image that can be read: it must be a PNG or JPEG file.`);
  }
  const sharp = await importSharp(path);
  const decoded = () =>
    sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .rotate()
      .flatten({ background: 'white' })
      .toColourspace('srgb');
  try {
    const border = borderColour(
      await decoded().resize(BORDER_GRID, BORDER_GRID, { fit: 'fill' }).raw().toBuffer(),
    );
    const rgb = await decoded()
      .resize(width, height, {
        fit: 'contain',
        background: { r: border[0], g: border[1], b: border[2] },
      })
      .removeAlpha()
      .raw()
      .toBuffer();
    const bright = luma(border, 0) > MIDDLE_GREY;
    const inverted = invert === 'auto' ? channels === 1 && bright : invert;
    return {
      data: toFloats(rgb, height * width, channels, inverted),
      shape: [height, width, channels],
      inverted,
    };
  } catch (error) {
    const [reason] = error instanceof Error ? error.message.split('\n') : [String(error)];
    throw new DataError(`${path} is no image that can be read: ${reason.replace(/\.$/, '')}.`);
  }
}

async function importSharp(path: string) {
  try {
    return (await import('sharp')).default;
  } catch {
    throw new DataError(
      `cannot read the image ${path}: the package 'sharp' does not load here; run 'npm ci' again.`,
    );
  }
}

function isPng(bytes: Uint8Array): boolean {
  return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Mean colour of the outermost pixels of the `BORDER_GRID`² RGB image, 0 to 255. */
function borderColour(rgb: Uint8Array): number[] {
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = 0; y < BORDER_GRID; y++) {
    const edge = y === 0 || y === BORDER_GRID - 1;
    for (let x = 0; x < BORDER_GRID; x += edge ? 1 : BORDER_GRID - 1) {
      for (let c = 0; c < 3; c++) sum[c] += rgb[(y * BORDER_GRID + x) * 3 + c];
      count++;
    }
  }
  return sum.map((total) => Math.round(total / count));
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

function luma(rgb: ArrayLike<number>, position: number): number {
  return LUMA[0] * rgb[position] + LUMA[1] * rgb[position + 1] + LUMA[2] * rgb[position + 2];
}
