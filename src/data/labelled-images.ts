import { DataError } from '../core/errors.js';
import { ArrayDataset } from './array-dataset.js';
import type { IdxArray } from './idx.js';

/** Images and their classes, as a pair of IDX files holds them. */
export interface LabelledImagesOptions {
  /** Bytes of shape `[N, H, W]` or `[N, H, W, C]`. */
  readonly images: IdxArray;
  /** Class indices of shape `[N]`. */
  readonly labels: IdxArray;
  /** Number of classes; that of `classNames` unless told. */
  readonly classes?: number;
  /** Names of the classes, in the order of the labels. */
  readonly classNames?: readonly string[];
  /** Names of the two files, for error messages. */
  readonly sources?: { readonly images: string; readonly labels: string };
}

/**
 * A data set of images `[N, H, W, C]` with pixels in [0, 1] and one-hot targets `[N, classes]`.
 *
 * @throws DataError when the counts differ, the ranks are not those of images and labels, or a label
 *   is out of range.
 */
export function labelledImages(options: LabelledImagesOptions): ArrayDataset {
  const { images, labels, classNames } = options;
  const sources = options.sources ?? { images: 'the images', labels: 'the labels' };
  const classes = options.classes ?? classNames?.length ?? 10;
  const shape = imageShape(images, sources.images);
  checkLabels(images, labels, classes, sources);
  return new ArrayDataset({
    inputs: { data: images.data, shape, scale: 1 / 255 },
    targets: { data: labels.data, shape: labels.shape, oneHot: classes },
    classNames,
  });
}

/**
 * The shape `[N, H, W, C]` of a file of images.
 *
 * @throws DataError when the array has neither three nor four dimensions.
 */
export function imageShape(images: IdxArray, source: string): number[] {
  const { shape } = images;
  if (shape.length === 3) return [...shape, 1];
  if (shape.length === 4) return [...shape];
  throw new DataError(
    `${source} has shape [${shape.join(', ')}], but images have shape [N, H, W] or [N, H, W, C]; ` +
      'were images and labels exchanged?',
  );
}

/**
 * Refuses labels that do not belong to the images.
 *
 * @throws DataError when the counts differ, labels have more than one dimension, or one is out of
 *   range.
 */
export function checkLabels(
  images: IdxArray,
  labels: IdxArray,
  classes: number,
  sources: { readonly images: string; readonly labels: string },
): void {
  if (labels.shape.length !== 1) {
    throw new DataError(
      `${sources.labels} has shape [${labels.shape.join(', ')}], but labels have shape [N]; ` +
        'were images and labels exchanged?',
    );
  }
  if (images.shape[0] !== labels.shape[0]) {
    throw new DataError(
      `${sources.images} holds ${images.shape[0]} images, but ${sources.labels} holds ` +
        `${labels.shape[0]} labels; the two files do not belong together.`,
    );
  }
  for (let i = 0; i < labels.data.length; i++) {
    if (labels.data[i] >= classes) {
      throw new DataError(
        `${sources.labels} holds label ${labels.data[i]} at index ${i}, but labels go from 0 to ` +
          `${classes - 1}.`,
      );
    }
  }
}
