import { ValueError } from '../../core/errors.js';
import { ArrayDataset } from '../../data/array-dataset.js';
import { idxDatasetRow } from '../../data/catalog.js';
import type { Dataset } from '../../data/dataset.js';
import { labelledImages } from '../../data/labelled-images.js';
import { type IdxFile, readIdxFolder } from './read-idx-folder.js';

/** Numbers with the shape that they have, row-major, the first dimension counting samples. */
export interface FloatArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Images `[N, H, W, C]` with pixels in [0, 1], and labels `[N, classes]` or `[N]`. */
export interface ImagesAndLabels {
  /** `[N, H, W, C]`, pixels in [0, 1]. */
  readonly images: FloatArray;
  /** `[N, classes]`, or `[N]` when not one-hot. */
  readonly labels: FloatArray;
}

/** The three parts of a data set, as arrays. */
export interface DataSets {
  /** Samples to train on. */
  readonly train: ImagesAndLabels;
  /** Samples to choose settings by. */
  readonly validation: ImagesAndLabels;
  /** Samples to report on. */
  readonly test: ImagesAndLabels;
}

/** Options of {@link readDataSets}. */
export interface ReadDataSetsOptions {
  /** Whether labels are one-hot rows instead of class indices; true unless told. */
  readonly oneHot?: boolean;
  /** How many of the first training images are for validation; 5,000 unless told. */
  readonly validationSize?: number;
  /** Number of classes; 10 unless told. */
  readonly classes?: number;
  /** At most so many images of each part; all unless told. */
  readonly limit?: number;
}

/**
 * Reads a folder with the four IDX files of MNIST or Fashion-MNIST into arrays, as TensorFlow 1's
 * `input_data.read_data_sets` does: the first `validationSize` training images are for validation,
 * which splits the full sets into 55,000 / 5,000 / 10,000.
 *
 * @throws DataError and FormatError for missing or wrong files; ValueError when `validationSize` is
 *   negative or leaves no training images, or `limit` is below 1.
 */
export async function readDataSets(
  folder: string,
  options: ReadDataSetsOptions = {},
): Promise<DataSets> {
  const { oneHot = true, validationSize = 5000, classes = 10, limit = Infinity } = options;
  const files = await readIdxFolder(folder, idxDatasetRow('fashion-mnist').files);
  const training = dataset(files.trainImages, files.trainLabels, oneHot, classes);
  const test = dataset(files.testImages, files.testLabels, oneHot, classes);
  if (
    !Number.isSafeInteger(validationSize) ||
    validationSize < 0 ||
    validationSize >= training.size
  ) {
    throw new ValueError(
      `validationSize is ${validationSize}, but it must be an integer from 0 to ` +
        `${training.size - 1}, fewer than the training images.`,
    );
  }
  if (!(limit >= 1)) throw new ValueError(`limit is ${limit}, but it must be at least 1.`);
  const part = (source: Dataset, from: number, to: number) =>
    arrays(source, from, Math.min(to, from + limit));
  return {
    train: part(training, validationSize, training.size),
    validation: part(training, 0, validationSize),
    test: part(test, 0, test.size),
  };
}

function dataset(images: IdxFile, labels: IdxFile, oneHot: boolean, classes: number): Dataset {
  const sources = { images: images.source, labels: labels.source };
  const expanded = labelledImages({ images, labels, classes, sources });
  if (oneHot) return expanded;
  return new ArrayDataset({
    inputs: {
      data: images.data,
      shape: [images.shape[0], ...expanded.inputShapes[0]],
      scale: 1 / 255,
    },
    targets: { data: labels.data, shape: labels.shape },
  });
}

function arrays(source: Dataset, from: number, to: number): ImagesAndLabels {
  const count = to - from;
  const empty = (sample: readonly number[]): FloatArray => {
    const shape = [count, ...sample];
    return { data: new Float32Array(shape.reduce((product, d) => product * d, 1)), shape };
  };
  const images = empty(source.inputShapes[0]);
  const labels = empty(source.targetShapes[0]);
  const indices = Uint32Array.from({ length: count }, (_, i) => from + i);
  void source.gather(indices, [images.data], [labels.data]);
  return { images, labels };
}
