import { DataError } from '../../core/errors.js';
import { readFileBounded } from '../files.js';

/**
 * How an image comes to the asked size: `contain` keeps the whole image and fills the rest with its
 * border's colour, `cover` fills the size and cuts off what stands over, both with the proportions kept;
 * `stretch` does not keep them.
 */
export type ResizeMode = 'contain' | 'cover' | 'stretch';

/** All modes. */
export const RESIZE_MODES: readonly ResizeMode[] = ['contain', 'cover', 'stretch'];

/** An image as bytes. */
export interface DecodedImage {
  /** Row-major `[height, width, 3]`, sRGB. */
  readonly rgb: Uint8Array;
  /** Mean colour of the border of the file's image, where the mode is `contain`. */
  readonly border?: readonly number[];
}

const MAX_FILE_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 64 * 2 ** 20;
const BORDER_GRID = 32;
const FITS = { contain: 'contain', cover: 'cover', stretch: 'fill' } as const;

/**
 * Decodes a PNG or JPEG file of any size to RGB bytes of the asked size. Transparency is laid on white; a
 * photo's EXIF orientation is applied. Sizes are checked before memory is taken for the pixels.
 * @throws DataError naming the file when it is missing, unreadable or too large, is neither PNG nor JPEG,
 * or cannot be decoded; or when the package `sharp` cannot be loaded.
 */
export async function decodeImage(
  path: string,
  size: { readonly height: number; readonly width: number },
  resize: ResizeMode,
): Promise<DecodedImage> {
  const { height, width } = size;
  const bytes = await readFileBounded(path, MAX_FILE_BYTES, 'the image');
  const sharp = await checkAndImport(bytes, path);
  const decoded = () =>
    sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .rotate()
      .flatten({ background: 'white' })
      .toColourspace('srgb');
  try {
    let border: number[] | undefined;
    if (resize === 'contain') {
      const grid = decoded().resize(BORDER_GRID, BORDER_GRID, { fit: 'fill' });
      border = borderColour(await grid.raw().toBuffer());
    }
    const background =
      border === undefined ? undefined : { r: border[0], g: border[1], b: border[2] };
    const rgb = await decoded()
      .resize(width, height, { fit: FITS[resize], ...(background && { background }) })
      .removeAlpha()
      .raw()
      .toBuffer();
    return { rgb, ...(border && { border }) };
  } catch (error) {
    throw undecodable(path, error);
  }
}

/**
 * Height and width of a PNG or JPEG file's image, upright, from its header.
 * @throws DataError as {@link decodeImage}.
 */
export async function imageSize(path: string): Promise<{ height: number; width: number }> {
  const bytes = await readFileBounded(path, MAX_FILE_BYTES, 'the image');
  const sharp = await checkAndImport(bytes, path);
  try {
    const {
      height,
      width,
      orientation = 1,
    } = await sharp(bytes, {
      limitInputPixels: MAX_PIXELS,
    }).metadata();
    return orientation > 4 ? { height: width, width: height } : { height, width };
  } catch (error) {
    throw undecodable(path, error);
  }
}

async function checkAndImport(bytes: Uint8Array, path: string) {
  // Checked by hand, so that sharp's decoders of other formats never see the bytes.
  if (!isPng(bytes) && !isJpeg(bytes)) {
    throw new DataError(`${path} is no image that can be read: it must be a PNG or JPEG file.`);
  }
  try {
    return (await import('sharp')).default;
  } catch {
    throw new DataError(
      `cannot read the image ${path}: the package 'sharp' does not load here; run 'npm ci' again.`,
    );
  }
}

function undecodable(path: string, error: unknown): DataError {
  const [reason] = error instanceof Error ? error.message.split('\n') : [String(error)];
  return new DataError(`${path} is no image that can be read: ${reason.replace(/\.$/, '')}.`);
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
