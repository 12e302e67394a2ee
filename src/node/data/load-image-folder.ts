import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DataError, ValueError } from '../../core/errors.js';
import { hashName, Random } from '../../core/random.js';
import { type Dataset, take } from '../../data/dataset.js';
import { systemReason } from '../files.js';
import { imageSize, type ResizeMode } from './decode-image.js';
import { ImageFolderDataset, type LabelledFile } from './image-folder-dataset.js';
import type { LoadedDataset } from './loaded-dataset.js';

/** How images of a folder become samples. */
export interface ImageFolderOptions {
  /**
   * `[height, width]` that images are scaled to; default the size of the first image, or 64 × 64 where that
   * is larger.
   */
  readonly imageSize?: readonly [number, number];
  /** 1 for grey, 3 for RGB, the default. */
  readonly channels?: 1 | 3;
  /** How images come to that size; default `cover`. */
  readonly resize?: ResizeMode;
  /** Determines which images are for validation and test where the folder does not say; default 0. */
  readonly seed?: number;
  /** Share of the images for validation, and as many for the test; default 0.1. */
  readonly validationShare?: number;
  /** Keep at most so many samples of each part. */
  readonly limit?: number;
  /** Memory for decoded images, which are then not decoded in every epoch; default 512 MiB. */
  readonly cacheBytes?: number;
}

const LARGEST_DEFAULT_SIDE = 64;
const LARGEST_SIDE = 4096;
const DEFAULT_CACHE = 512 * 2 ** 20;
const IMAGE_NAME = /\.(png|jpe?g)$/i;
const VALIDATION_NAMES = ['val', 'valid', 'validation'];
/** So that each part gets one. */
const LEAST_PER_CLASS = 3;
const LAYOUT =
  'a folder of images is DIR/class/*.png or *.jpg, or DIR/train, DIR/val and DIR/test with such folders';

interface Parts {
  readonly train: LabelledFile[];
  readonly validation: LabelledFile[];
  readonly test: LabelledFile[];
}

/** Files of each class. */
type ClassFiles = ReadonlyMap<string, readonly string[]>;

/**
 * A data set of image files in one folder a class, `DIR/class/*.png|jpg`, decoded as batches ask for them.
 * Class names are sorted. Of such a folder a tenth of each class is for validation and a tenth for the
 * test, chosen by the seed; or `DIR/train`, `DIR/val` and `DIR/test` say what is what. Where there is no
 * `DIR/val`, a tenth of the training images takes its place; where there is no `DIR/test`, the validation
 * images are the test images too.
 *
 * @throws DataError when the folder cannot be read or is not laid out so; ValueError for options out of
 * range. A file that cannot be decoded is named when its batch comes.
 */
export async function loadImageFolder(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<LoadedDataset> {
  const { channels = 3, resize = 'cover', seed = 0, limit } = options;
  const { classNames, parts } = await findParts(folder, options);
  const [first] = parts.train;
  const [height, width] = options.imageSize ?? (await defaultSize(first.path));
  for (const side of [height, width]) {
    if (Number.isInteger(side) && side >= 1 && side <= LARGEST_SIDE) continue;
    throw new ValueError(
      `the image size is ${height} × ${width}, but sides go from 1 to ${LARGEST_SIDE}.`,
    );
  }
  const total = parts.train.length + parts.validation.length + parts.test.length;
  const budget = options.cacheBytes ?? DEFAULT_CACHE;
  const make = (files: readonly LabelledFile[], name: string): Dataset => {
    // In random order, so that a limit takes of every class.
    const order = new Random(seed, [hashName(`image-folder/${name}`)]).permutation(files.length);
    const dataset = new ImageFolderDataset({
      files: Array.from(order, (i) => files[i]),
      classNames,
      shape: [height, width, channels],
      resize,
      cacheBytes: (budget * files.length) / total,
    });
    return limit === undefined ? dataset : take(dataset, limit);
  };
  const validation = make(parts.validation, 'validation');
  return {
    train: make(parts.train, 'train'),
    validation,
    test: parts.test === parts.validation ? validation : make(parts.test, 'test'),
    info: {
      name: basename(resolve(folder)),
      title: `Images of ${basename(resolve(folder))}`,
      classNames,
      imageShape: [height, width, channels],
      licence: 'unknown',
      origin: 'folder',
      where: folder,
      resize,
    },
  };
}

async function findParts(
  folder: string,
  options: ImageFolderOptions,
): Promise<{ classNames: readonly string[]; parts: Parts }> {
  const names = await folderNames(folder);
  const validationName = VALIDATION_NAMES.find((name) => names.includes(name));
  const training = names.includes('train') ? await listClasses(join(folder, 'train')) : undefined;
  const isSplit = training !== undefined && training.size > 0;
  const classes = isSplit ? training : await listClasses(folder);
  const classNames = [...classes.keys()].sort();
  if (classNames.length < 2) {
    throw new DataError(
      `${folder} holds ${classNames.length === 0 ? 'no class' : 'only one class'}: ${LAYOUT}.`,
    );
  }
  for (const name of classNames) {
    if ((classes.get(name) ?? []).length > 0) continue;
    throw new DataError(
      `${join(folder, isSplit ? 'train' : '', name)} holds no PNG or JPEG file: ${LAYOUT}.`,
    );
  }
  const labelled = async (part: string) => {
    const path = join(folder, part);
    return labelFiles(path, await listClasses(path), classNames);
  };
  const all = labelFiles(isSplit ? join(folder, 'train') : folder, classes, classNames);
  const testing = isSplit && names.includes('test') ? await labelled('test') : undefined;
  if (isSplit && validationName !== undefined) {
    const validation = await labelled(validationName);
    return { classNames, parts: { train: all, validation, test: testing ?? validation } };
  }
  const split = splitFiles(all, classNames, options, testing === undefined);
  return { classNames, parts: { ...split, test: testing ?? split.test } };
}

/** Files of every class folder; folders that hold none are listed too. */
async function listClasses(folder: string): Promise<ClassFiles> {
  const classes = new Map<string, string[]>();
  for (const name of await folderNames(folder)) {
    const entries = await readdir(join(folder, name)).catch(() => []);
    const files = entries.filter((entry) => IMAGE_NAME.test(entry) && !entry.startsWith('.'));
    classes.set(name, files.sort());
  }
  return classes;
}

/** Names of the folders in a folder, but for hidden ones. */
async function folderNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names: string[] = [];
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const isFolder = entry.isSymbolicLink()
        ? (await stat(join(folder, entry.name))).isDirectory()
        : entry.isDirectory();
      if (isFolder) names.push(entry.name);
    }
    return names;
  } catch (error) {
    throw new DataError(`cannot read the folder of images ${folder}: ${systemReason(error)}.`);
  }
}

function labelFiles(
  folder: string,
  classes: ClassFiles,
  classNames: readonly string[],
): LabelledFile[] {
  const files: LabelledFile[] = [];
  for (const [name, names] of classes) {
    const label = classNames.indexOf(name);
    if (label < 0) {
      throw new DataError(
        `${join(folder, name)} is of a class that the training images do not have; those have ` +
          `${classNames.slice(0, 20).join(', ')}.`,
      );
    }
    for (const file of names) files.push({ path: join(folder, name, file), label });
  }
  if (files.length > 0) return files;
  throw new DataError(`${folder} holds no PNG or JPEG file: ${LAYOUT}.`);
}

/** Sets aside a share of each class for validation, and another for the test where it is wanted. */
function splitFiles(
  files: readonly LabelledFile[],
  classNames: readonly string[],
  { validationShare = 0.1, seed = 0 }: ImageFolderOptions,
  withTest: boolean,
): Parts {
  if (!(validationShare > 0 && validationShare <= 1 / 3)) {
    throw new ValueError(
      `validationShare is ${validationShare}, but it must be above 0, at most 1/3.`,
    );
  }
  const parts: Parts = { train: [], validation: [], test: [] };
  const byClass = classNames.map((): LabelledFile[] => []);
  for (const file of files) byClass[file.label].push(file);
  byClass.forEach((own, label) => {
    const name = classNames[label];
    if (own.length < LEAST_PER_CLASS) {
      throw new DataError(
        `class ${name} has ${own.length} images, but at least ${LEAST_PER_CLASS} are needed to train on ` +
          'some, validate on one and test on one.',
      );
    }
    const kept = Math.max(1, Math.floor(own.length * validationShare));
    const order = new Random(seed, [hashName('image-folder/split'), label]).permutation(own.length);
    order.forEach((index, place) => {
      const isTest = withTest && place >= kept && place < 2 * kept;
      parts[place < kept ? 'validation' : isTest ? 'test' : 'train'].push(own[index]);
    });
  });
  return parts;
}

async function defaultSize(path: string): Promise<readonly [number, number]> {
  const { height, width } = await imageSize(path);
  if (Math.max(height, width) <= LARGEST_DEFAULT_SIDE) return [height, width];
  return [LARGEST_DEFAULT_SIDE, LARGEST_DEFAULT_SIDE];
}
