import { ArrayDataset, type Dataset, take, ValueError } from '../library.js';
import type { LabData } from './experiment.js';
import { fingerprint } from './part-store.js';

/** How much of the data an experiment uses. */
export type DataSettings = {
  /** Training images. */
  images: number;
  /** Test images. */
  testImages: number;
  /** Height and width of an image are divided by this, by means over squares; 1 leaves it as it is. */
  shrink: number;
};

/** Classes that the lab's networks tell apart. */
export const LAB_CLASSES = 10;

/** @throws {ValueError} for data of another number of classes. */
export function checkClasses({ train, info }: LabData): void {
  const [shape] = train.targetShapes;
  if (shape.length === 1 && shape[0] === LAB_CLASSES) return;
  throw new ValueError(
    `the lab's networks tell ${LAB_CLASSES} classes apart by one-hot labels, but the labels of ${info.title} have the shape [${shape}]; give data of ${LAB_CLASSES} classes, such as fashion-mnist or cifar10`,
  );
}

/** Samples of each part by which data sets of the same name and size are told apart. */
const TOLD_APART_BY = 32;

/** Name and size of the data, and a short name of what its first samples hold. */
export async function dataFingerprint({ train, test, info }: LabData): Promise<string> {
  const parts = [info.name];
  for (const dataset of [train, test]) {
    const { size, inputShapes, targetShapes } = dataset;
    const count = Math.min(TOLD_APART_BY, size);
    const room = (shapes: typeof inputShapes) =>
      shapes.map((shape) => new Float32Array(shape.reduce((a, b) => a * b, count)));
    const [inputs, targets] = [room(inputShapes), room(targetShapes)];
    const first = Uint32Array.from({ length: count }, (_, i) => i);
    await dataset.gather(first, inputs, targets);
    const values = [...inputs, ...targets].map((array) => array.join());
    parts.push(`${size} of [${inputShapes.join('], [')}]`, fingerprint(values.join(';')));
  }
  return parts.join(', ');
}

/** The first images of both parts, made smaller as the settings say. */
export async function prepareData(
  data: LabData | undefined,
  { images, testImages, shrink }: DataSettings,
): Promise<{ train: Dataset; test: Dataset }> {
  if (data === undefined) throw new TypeError('an experiment without data asked for it');
  return {
    train: await shrunk(take(data.train, images), shrink),
    test: await shrunk(take(data.test, testImages), shrink),
  };
}

async function shrunk(dataset: Dataset, factor: number): Promise<Dataset> {
  if (factor === 1) return dataset;
  const { size, inputShapes, targetShapes, classNames } = dataset;
  const [[height, width, channels]] = inputShapes;
  const pixels = new Float32Array(size * height * width * channels);
  const targets = new Float32Array(size * targetShapes[0].reduce((a, b) => a * b, 1));
  const all = Uint32Array.from({ length: size }, (_, i) => i);
  await dataset.gather(all, [pixels], [targets]);
  const [h, w] = [Math.floor(height / factor), Math.floor(width / factor)];
  const small = new Float32Array(size * h * w * channels);
  for (let at = 0; at < small.length; at++) {
    const channel = at % channels;
    const column = Math.floor(at / channels) % w;
    const row = Math.floor(at / (channels * w)) % h;
    const image = Math.floor(at / (channels * w * h));
    let sum = 0;
    for (let y = row * factor; y < (row + 1) * factor; y++) {
      for (let x = column * factor; x < (column + 1) * factor; x++) {
        sum += pixels[((image * height + y) * width + x) * channels + channel];
      }
    }
    small[at] = sum / factor ** 2;
  }
  return new ArrayDataset({
    inputs: { data: small, shape: [size, h, w, channels] },
    targets: { data: targets, shape: [size, ...targetShapes[0]] },
    classNames,
  });
}
