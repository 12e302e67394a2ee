import { FormatError } from '../core/errors.js';

/** How a file of CIFAR's binary version is laid out. */
export interface CifarLayout {
  /** Label bytes before the pixels: 1 in CIFAR-10, 2 in CIFAR-100. */
  readonly labelBytes: number;
  /** Which of them is the class. */
  readonly label: number;
  /** Number of classes. */
  readonly classes: number;
}

const SIDE = 32;
const PLANE = SIDE * SIDE;
const CHANNELS = 3;
/** Bytes of the pixels of one image. */
export const CIFAR_PIXELS = PLANE * CHANNELS;

/** Bytes of one record: labels, then the red, the green and the blue plane, each row-major. */
export function cifarRecordBytes({ labelBytes }: CifarLayout): number {
  return labelBytes + CIFAR_PIXELS;
}

/**
 * Number of images in a file of so many bytes.
 * @param source the file's name. @throws FormatError when it holds none, or a part of one.
 */
export function cifarRecords(bytes: number, layout: CifarLayout, source: string): number {
  const record = cifarRecordBytes(layout);
  if (bytes > 0 && bytes % record === 0) return bytes / record;
  throw new FormatError(
    `${source} has ${bytes} bytes, but a CIFAR file has a multiple of ${record}: ` +
      `${layout.labelBytes} of labels and ${CIFAR_PIXELS} of pixels an image; fetch it again.`,
  );
}

/**
 * The class of the record that begins at `at`.
 * @param image its number, for the message. @throws FormatError when it is out of range.
 */
export function cifarLabel(
  bytes: Uint8Array,
  at: number,
  layout: CifarLayout,
  source: string,
  image: number,
): number {
  const label = bytes[at + layout.label];
  if (label < layout.classes) return label;
  throw new FormatError(
    `${source} has label ${label} at image ${image}, but labels go from 0 to ${layout.classes - 1}; ` +
      'is it the binary version of the data set?',
  );
}

/**
 * Writes the pixels of the record that begins at `at` as [32, 32, 3], in [0, 1].
 * @param out where to; @param outAt from which number on.
 */
export function cifarPixels(
  bytes: Uint8Array,
  at: number,
  layout: CifarLayout,
  out: Float32Array,
  outAt: number,
): void {
  const red = at + layout.labelBytes;
  const factor = Math.fround(1 / 255);
  let place = outAt;
  for (let i = red; i < red + PLANE; i++) {
    out[place++] = bytes[i] * factor;
    out[place++] = bytes[i + PLANE] * factor;
    out[place++] = bytes[i + 2 * PLANE] * factor;
  }
}
