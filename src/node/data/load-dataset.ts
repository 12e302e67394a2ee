import { DataError } from '../../core/errors.js';
import { type DatasetRow, datasetRow } from '../../data/catalog.js';
import { type Dataset, subset, take } from '../../data/dataset.js';
import { labelledImages } from '../../data/labelled-images.js';
import { type DownloadOptions, downloadDataset } from './download-dataset.js';
import { locateDataset } from './locate-dataset.js';
import { type IdxFile, readIdxFolder } from './read-idx-folder.js';

/** How to find and read a data set. */
export interface LoadDatasetOptions extends DownloadOptions {
  /** Folder with the four IDX files; nothing else is searched then. */
  readonly dataDir?: string;
  /** Folder that downloads are kept in, a folder for each data set. */
  readonly cacheDir?: string;
  /** Keep at most so many samples of each of the three parts. */
  readonly limit?: number;
  /** Whether to download what is not found; true unless told. */
  readonly download?: boolean;
}

/** Where a data set came from: the caller's folder, the cache, the system, or residuum itself. */
export type DatasetOrigin = 'folder' | 'cache' | 'system' | 'package' | 'download';

/** Facts about a loaded data set. */
export interface DatasetInfo {
  /** Name by which it was asked for. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** Names of the classes, in the order of the labels. */
  readonly classNames: readonly string[];
  /** Shape of one image, `[H, W, C]`. */
  readonly imageShape: readonly number[];
  /** Licence of the data. */
  readonly licence: string;
  /** What kind of place it was found in. */
  readonly origin: DatasetOrigin;
  /** The folder that was read. */
  readonly where: string;
}

/** A data set in three parts, each with images `[H, W, C]` in [0, 1] and one-hot targets. */
export interface LoadedDataset {
  /** Samples to train on. */
  readonly train: Dataset;
  /** Samples to choose settings by. */
  readonly validation: Dataset;
  /** Samples to report on. */
  readonly test: Dataset;
  /** What was loaded, and from where. */
  readonly info: DatasetInfo;
}

/**
 * Loads a data set by name: from `dataDir` when given; else from the package (fashion-mnist-mini);
 * else from the cache, from where Debian's package puts it, or from its home into the cache.
 *
 * As in TensorFlow's `read_data_sets`, the first training images are for validation: 5,000 of 60,000,
 * and 1,000 of the 10,000 of fashion-mnist-mini. The content of every file that is not from `dataDir`
 * is checked by SHA-256.
 *
 * @throws UnknownNameError for an unknown name; DataError and FormatError for what is missing or
 *   wrong on the disk or on the network, see {@link readIdxFolder} and {@link downloadDataset}.
 */
export async function loadDataset(
  name: string,
  options: LoadDatasetOptions = {},
): Promise<LoadedDataset> {
  const row = datasetRow(name);
  const { folder, origin } = await findOrFetch(row, options);
  const files = await readIdxFolder(folder, row.files, { verify: origin !== 'folder' });
  const training = labelled(files.trainImages, files.trainLabels, row);
  const test = labelled(files.testImages, files.testLabels, row);
  if (training.size <= row.validationSize) {
    throw new DataError(
      `${files.trainImages.source} holds ${training.size} images, but ${row.title} takes the first ` +
        `${row.validationSize} for validation and needs more than that.`,
    );
  }
  const limited = (part: Dataset) =>
    options.limit === undefined ? part : take(part, options.limit);
  return {
    train: limited(subset(training, row.validationSize, training.size)),
    validation: limited(subset(training, 0, row.validationSize)),
    test: limited(test),
    info: {
      name: row.name,
      title: row.title,
      classNames: row.classNames,
      imageShape: row.imageShape,
      licence: row.licence,
      origin,
      where: folder,
    },
  };
}

async function findOrFetch(
  row: DatasetRow,
  options: LoadDatasetOptions,
): Promise<{ folder: string; origin: DatasetOrigin }> {
  if (options.dataDir !== undefined) return { folder: options.dataDir, origin: 'folder' };
  const location = await locateDataset(row, options.cacheDir);
  if (location.found) return location;
  if (options.download === false || row.home === undefined) {
    throw new DataError(
      `${row.title} is not on this machine: it was looked for in ${location.searched.join(', ')}; ` +
        'name its folder or allow the download.',
    );
  }
  await downloadDataset(row, location.cache, options);
  return { folder: location.cache, origin: 'download' };
}

function labelled(images: IdxFile, labels: IdxFile, row: DatasetRow): Dataset {
  const dataset = labelledImages({
    images,
    labels,
    classNames: row.classNames,
    sources: { images: images.source, labels: labels.source },
  });
  const expected = row.imageShape.join(', ');
  const shape = dataset.inputShapes[0].join(', ');
  if (shape !== expected) {
    throw new DataError(
      `${images.source} holds images of shape [${shape}], but those of ${row.title} are ` +
        `[${expected}].`,
    );
  }
  return dataset;
}
