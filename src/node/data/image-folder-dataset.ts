import { ValueError } from '../../core/errors.js';
import { checkDestination, type Dataset } from '../../data/dataset.js';
import { decodeImage, type ResizeMode } from './decode-image.js';
import { luma } from './image-file.js';

/** A file and the number of its class. */
export interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/** What an {@link ImageFolderDataset} is made of. */
export interface ImageFolderDatasetOptions {
  readonly files: readonly LabelledFile[];
  readonly classNames: readonly string[];
  /** `[height, width, channels]`, 1 channel for grey or 3 for RGB. */
  readonly shape: readonly [number, number, number];
  readonly resize: ResizeMode;
  /** How much memory decoded images may keep for the next epoch. */
  readonly cacheBytes: number;
}

/** Images that are decoded at the same time; libuv has as many threads. */
const LANES = 4;
const SCALE = Float32Array.from({ length: 256 }, (_, byte) => byte * Math.fround(1 / 255));

/**
 * Image files with one class each, decoded when a batch asks for them. As many of the first images as fit
 * into the cache are decoded once and kept as bytes.
 */
export class ImageFolderDataset implements Dataset {
  readonly size: number;
  readonly inputShapes: readonly (readonly number[])[];
  readonly targetShapes: readonly (readonly number[])[];
  readonly classNames: readonly string[];
  readonly #options: ImageFolderDatasetOptions;
  readonly #imageSize: number;
  /** Bytes of the images that are kept, and which of them are there. */
  readonly #cache: Uint8Array;
  readonly #isCached: Uint8Array;

  constructor(options: ImageFolderDatasetOptions) {
    const { files, classNames, shape, cacheBytes } = options;
    const [height, width, channels] = shape;
    this.#options = options;
    this.#imageSize = height * width * channels;
    this.size = files.length;
    this.inputShapes = [shape];
    this.targetShapes = [[classNames.length]];
    this.classNames = classNames;
    const kept = Math.min(files.length, Math.floor(cacheBytes / this.#imageSize));
    // The system hands out pages of it as they are written.
    this.#cache = new Uint8Array(kept * this.#imageSize);
    this.#isCached = new Uint8Array(kept);
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): void | Promise<void> {
    checkDestination('input', this.inputShapes, inputs, indices.length);
    checkDestination('target', this.targetShapes, targets, indices.length);
    const classes = this.classNames.length;
    let missing = 0;
    targets[0].fill(0, 0, indices.length * classes);
    for (let i = 0; i < indices.length; i++) {
      if (indices[i] >= this.size) {
        throw new ValueError(
          `sample ${indices[i]} was asked for, but the data set has ${this.size}.`,
        );
      }
      targets[0][i * classes + this.#options.files[indices[i]].label] = 1;
      if (this.#isCached[indices[i]] === 1) this.#copyCached(indices[i], inputs[0], i);
      else missing++;
    }
    return missing === 0 ? undefined : this.#decodeMissing(indices, inputs[0]);
  }

  #copyCached(index: number, out: Float32Array, sample: number): void {
    const from = index * this.#imageSize;
    const to = sample * this.#imageSize;
    for (let i = 0; i < this.#imageSize; i++) out[to + i] = SCALE[this.#cache[from + i]];
  }

  async #decodeMissing(indices: Uint32Array, out: Float32Array): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (next < indices.length) {
        const sample = next++;
        const index = indices[sample];
        if (this.#isCached[index] === 1) this.#copyCached(index, out, sample);
        else await this.#decode(index, out, sample);
      }
    };
    const lanes = Array.from({ length: Math.min(LANES, indices.length) }, lane);
    const ended = await Promise.allSettled(lanes);
    // A failure is told when nothing runs on behind it.
    for (const result of ended) if (result.status === 'rejected') throw result.reason;
  }

  async #decode(index: number, out: Float32Array, sample: number): Promise<void> {
    const { files, shape, resize } = this.#options;
    const [height, width, channels] = shape;
    const { rgb } = await decodeImage(files[index].path, { height, width }, resize);
    const to = sample * this.#imageSize;
    const keep = index < this.#isCached.length;
    const cached = index * this.#imageSize;
    for (let i = 0; i < this.#imageSize; i++) {
      const byte = channels === 1 ? Math.round(luma(rgb, i * 3)) : rgb[i];
      out[to + i] = SCALE[byte];
      if (keep) this.#cache[cached + i] = byte;
    }
    if (keep) this.#isCached[index] = 1;
  }
}
