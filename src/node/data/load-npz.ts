import { basename, resolve } from 'node:path';
import { DataError } from '../../core/errors.js';
import { ArrayDataset, type SampleArray } from '../../data/array-dataset.js';
import { type Dataset, splitDataset, take } from '../../data/dataset.js';
import type { NpyArray } from '../../formats/npy/decode-npy.js';
import { NpzArchive } from '../../formats/npy/decode-npz.js';
import { npySamples } from '../../formats/npy/npy-samples.js';
import { readFileBounded } from '../files.js';
import type { LoadedDataset } from './loaded-dataset.js';

const LARGEST_FILE = 2 ** 31 - 1;
const MOST_CLASSES = 100_000;
const VALIDATION_SHARE = 0.1;
const NAMES = 'x_train, y_train, x_test and y_test, and perhaps x_val and y_val';

/**
 * Images and labels of a `.npz` file with the names that Keras's data sets have: `x_train`, `y_train`,
 * `x_test`, `y_test`, and `x_val`, `y_val` where there are any; else the last tenth of the training images
 * is for validation. Images are `[N, H, W]` or `[N, H, W, C]`, bytes from 0 to 255 or floats as the network
 * takes them; labels are class numbers `[N]` or `[N, 1]`.
 * @throws DataError, FormatError when the file cannot be read or holds something else.
 */
export async function loadNpz(path: string, limit?: number): Promise<LoadedDataset> {
  const archive = new NpzArchive(await readFileBounded(path, LARGEST_FILE, 'the arrays'), path);
  const part = (name: string) => {
    const found = [`x_${name}`, `y_${name}`].map((one) => archive.names.includes(one));
    if (!found[0] && !found[1] && name === 'val') return undefined;
    if (!found[0] || !found[1]) {
      throw new DataError(
        `${path} has the arrays ${archive.names.slice(0, 20).join(', ')}, but needs ${NAMES}.`,
      );
    }
    return {
      images: imagesOf(archive.read(`x_${name}`), `${path}: x_${name}`),
      labels: archive.read(`y_${name}`),
      name,
    };
  };
  const training = part('train');
  const testing = part('test');
  const validating = part('val');
  if (training === undefined || testing === undefined)
    throw new DataError(`${path} needs ${NAMES}.`);
  const classes = classCount([training, testing, ...(validating ? [validating] : [])], path);
  const classNames = Array.from({ length: classes }, (_, i) => String(i));
  const make = ({ images, labels, name }: typeof training): Dataset => {
    const shape = [labels.shape[0]];
    const data = labels.data instanceof Uint8Array ? labels.data : Float32Array.from(labels.data);
    if (images.shape[0] !== labels.shape[0]) {
      throw new DataError(
        `${path}: x_${name} holds ${images.shape[0]} images, but y_${name} ${labels.shape[0]} labels.`,
      );
    }
    return new ArrayDataset({
      inputs: images,
      targets: { data, shape, oneHot: classes },
      classNames,
    });
  };
  const whole = make(training);
  const { train, validation } =
    validating === undefined
      ? splitDataset(whole, VALIDATION_SHARE)
      : { train: whole, validation: make(validating) };
  const limited = (dataset: Dataset) => (limit === undefined ? dataset : take(dataset, limit));
  const name = basename(path, '.npz');
  return {
    train: limited(train),
    validation: limited(validation),
    test: limited(make(testing)),
    info: {
      name,
      title: `Arrays of ${basename(path)}`,
      classNames,
      imageShape: train.inputShapes[0],
      licence: 'unknown',
      origin: 'folder',
      where: resolve(path),
    },
  };
}

function imagesOf(array: NpyArray, source: string): SampleArray {
  const { data, shape } = npySamples(array, source);
  if (shape.length !== 3 && shape.length !== 4) {
    throw new DataError(
      `${source} has shape [${shape.join(', ')}], but images have shape [N, H, W] or [N, H, W, C].`,
    );
  }
  return {
    data,
    shape: shape.length === 3 ? [...shape, 1] : shape,
    ...(data instanceof Uint8Array && { scale: 1 / 255 }),
  };
}

function classCount(parts: readonly { labels: NpyArray; name: string }[], path: string): number {
  let most = 0;
  for (const { labels, name } of parts) {
    const { shape, data } = labels;
    if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
      throw new DataError(
        `${path}: y_${name} has shape [${shape.join(', ')}], but labels are class numbers, [N] or [N, 1].`,
      );
    }
    for (let i = 0; i < data.length; i++) {
      if (Number.isInteger(data[i]) && data[i] >= 0 && data[i] < MOST_CLASSES) {
        most = Math.max(most, data[i]);
        continue;
      }
      throw new DataError(
        `${path}: y_${name} holds ${data[i]} at index ${i}, which is no class number.`,
      );
    }
  }
  return most + 1;
}
