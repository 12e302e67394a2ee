import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DataError, ValueError } from '../../core/errors.js';
import {
  type DatasetRow,
  datasetCatalog,
  datasetRow,
  type IdxDatasetRow,
} from '../../data/catalog.js';
import { type Dataset, subset, take } from '../../data/dataset.js';
import { labelledImages } from '../../data/labelled-images.js';
import { type DownloadOptions, downloadDataset } from './download-dataset.js';
import { loadCifar } from './load-cifar.js';
import { type ImageFolderOptions, loadImageFolder } from './load-image-folder.js';
import { loadNpz } from './load-npz.js';
import type { DatasetOrigin, LoadedDataset } from './loaded-dataset.js';
import { locateDataset } from './locate-dataset.js';
import { type IdxFile, readIdxFolder } from './read-idx-folder.js';

export type { DatasetInfo, DatasetOrigin, LoadedDataset } from './loaded-dataset.js';

/** How to find and read a data set. */
export interface LoadDatasetOptions
  extends DownloadOptions,
    Pick<ImageFolderOptions, 'imageSize' | 'channels' | 'resize' | 'seed'> {
  /** Folder with the files of the data set; nothing else is searched then. */
  readonly dataDir?: string;
  /** Folder that downloads are kept in, a folder for each data set. */
  readonly cacheDir?: string;
  /** Keep at most so many samples of each of the three parts. */
  readonly limit?: number;
  /** Whether to download what is not found; true unless told. */
  readonly download?: boolean;
}

/**
 * Loads a data set by name, or a folder of images or a `.npz` file by its path.
 *
 * A name: from `dataDir` when given; else from the package (fashion-mnist-mini); else from the cache, from
 * where Debian's package puts it, or from its home into the cache. CIFAR's files are not downloaded, and
 * are read as batches ask for them. As in TensorFlow's `read_data_sets`, the first training images are for
 * validation: 5,000 of 60,000, and 1,000 of the 10,000 of fashion-mnist-mini. The content of every IDX file
 * that is not from `dataDir` is checked by SHA-256.
 *
 * A path, or `dataDir` where its files lie now: `DIR/class/*.png|jpg`, see {@link loadImageFolder}; `imageSize`, `channels`, `resize` and `seed`
 * are for it alone. Or a file of arrays with Keras's names, see {@link loadNpz}.
 *
 * @throws UnknownNameError for an unknown name; DataError and FormatError for what is missing or
 *   wrong on the disk or on the network, see {@link readIdxFolder} and {@link downloadDataset}.
 */
export async function loadDataset(
  name: string,
  options: LoadDatasetOptions = {},
): Promise<LoadedDataset> {
  const place = options.dataDir ?? name;
  const isPath = !isKnownDataset(name) && ((await isFolder(name)) || /[/\\]/.test(name));
  // What a path named may lie elsewhere now; a name is of a data set, wherever its files are.
  if (isPath && (await isFolder(place))) return loadImageFolder(place, options);
  if (!isKnownDataset(name) && name.endsWith('.npz')) return loadNpz(place, options.limit);
  if (isPath) throw noSuchData(place);
  const row = datasetRow(name);
  const { imageSize, channels, resize } = options;
  if ((imageSize ?? channels ?? resize) !== undefined) {
    throw new ValueError(
      `image size, channels and resizing can be chosen for a folder of images, but ${row.title} has ` +
        `images of ${row.imageShape.join(' × ')}.`,
    );
  }
  const { folder, origin } = await findOrFetch(row, options);
  const parts =
    row.format === 'cifar'
      ? await loadCifar(folder, row)
      : await loadIdx(folder, row, origin !== 'folder');
  const limited = (part: Dataset) =>
    options.limit === undefined ? part : take(part, options.limit);
  return {
    train: limited(parts.train),
    validation: limited(parts.validation),
    test: limited(parts.test),
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

/** A name of the catalogue as it is, and the path of a folder of images made absolute, for run records. */
export function datasetAddress(name: string): string {
  return isKnownDataset(name) || !existsSync(name) ? name : resolve(name);
}

/** The error for a path where there are neither images nor arrays. */
export function noSuchData(path: string): DataError {
  return new DataError(
    `cannot read the folder of images ${path}: there is no such folder, and it is no .npz file; data sets by name are ` +
      `${datasetCatalog.map((row) => row.name).join(', ')}.`,
  );
}

function isKnownDataset(name: string): boolean {
  return datasetCatalog.some((row) => row.name === name);
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function loadIdx(folder: string, row: IdxDatasetRow, verify: boolean) {
  const files = await readIdxFolder(folder, row.files, { verify });
  const training = labelled(files.trainImages, files.trainLabels, row);
  if (training.size <= row.validationSize) {
    throw new DataError(
      `${files.trainImages.source} holds ${training.size} images, but ${row.title} takes the first ` +
        `${row.validationSize} for validation and needs more than that.`,
    );
  }
  return {
    train: subset(training, row.validationSize, training.size),
    validation: subset(training, 0, row.validationSize),
    test: labelled(files.testImages, files.testLabels, row),
  };
}

async function findOrFetch(
  row: DatasetRow,
  options: LoadDatasetOptions,
): Promise<{ folder: string; origin: DatasetOrigin }> {
  if (options.dataDir !== undefined) return { folder: options.dataDir, origin: 'folder' };
  const location = await locateDataset(row, options.cacheDir);
  if (location.found) return location;
  if (row.format === 'cifar') {
    throw new DataError(
      `${row.title} is not on this machine: unpack ${row.archive} (MD5 ${row.archiveMd5}) from ${row.home}, ` +
        'and name its folder by --data or dataDir.',
    );
  }
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
