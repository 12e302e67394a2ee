import { ValueError } from '../../core/errors.js';
import { decodeImage, type ResizeMode } from './decode-image.js';
import type { DatasetInfo } from './loaded-dataset.js';

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

/** What is known of the images that a network was trained on, such as the `info` of `loadDataset`. */
export type TrainedImages = Pick<DatasetInfo, 'imageShape' | 'resize'>;

/**
 * Reads a PNG or JPEG file of any size as an image `[H, W, C]` in [0, 1]. The whole image is kept unless
 * told: it is fitted into `height` × `width` with its proportions, and the rest has its border's colour.
 * Transparency is laid on white; a photo's EXIF orientation is applied.
 *
 * @param options size, channels and what else; or the `info` of the data set that the network was trained on:
 * then the image is read as those of a folder were, and never inverted where those were files.
 * @throws ValueError when the images of `info` have other than 1 or 3 channels; DataError when the file is missing, unreadable or too large, is neither PNG nor JPEG, or
 *   cannot be decoded; or when the package `sharp` cannot be loaded.
 */
export async function readImageFile(
  path: string,
  options: ReadImageOptions | TrainedImages,
): Promise<ImagePixels> {
  const reading = 'imageShape' in options ? asTrained(options) : options;
  const { height, width, channels, invert = 'auto', resize = 'contain' } = reading;
  const { rgb, border } = await decodeImage(path, { height, width }, resize);
  const bright = border !== undefined && luma(border, 0) > MIDDLE_GREY;
  const inverted = invert === 'auto' ? channels === 1 && bright : invert;
  return {
    data: toFloats(rgb, height * width, channels, inverted),
    shape: [height, width, channels],
    inverted,
  };
}

/** A network that was trained on image files gets them as it got those. */
function asTrained({ imageShape, resize }: TrainedImages): ReadImageOptions {
  const [height, width, channels] = imageShape;
  if (channels !== 1 && channels !== 3) {
    throw new ValueError(
      `the network takes images of shape [${imageShape.join(', ')}], but image files have 1 or 3 channels.`,
    );
  }
  return { height, width, channels, ...(resize !== undefined && { resize, invert: false }) };
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
