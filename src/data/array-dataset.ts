import { DataError, ShapeError, ValueError } from '../core/errors.js';
import { checkDestination, type Dataset } from './dataset.js';

/** One array of samples, `shape` being `[N, ...sample]`. */
export interface SampleArray {
  /** Values of all samples, row-major. */
  readonly data: Float32Array | Uint8Array;
  /** Shape of the whole array: `[samples, ...]`. */
  readonly shape: readonly number[];
  /** Factor applied on the way out, such as 1/255 for pixels; in float32, as NumPy computes it. */
  readonly scale?: number;
  /** Expands class indices of shape `[N]` or `[N, 1]` to one-hot rows of that many classes. */
  readonly oneHot?: number;
}

/** What an {@link ArrayDataset} is made of; a model with one input needs no list. */
export interface ArrayDatasetOptions {
  /** Samples of every input of the model. */
  readonly inputs: SampleArray | readonly SampleArray[];
  /** Targets of every output of the model. */
  readonly targets: SampleArray | readonly SampleArray[];
  /** Names of the classes, where targets are classes. */
  readonly classNames?: readonly string[];
}

/**
 * A data set over arrays in memory. Bytes stay bytes until a batch asks for them: 28×28 images take a
 * quarter of the memory that float32 would.
 */
export class ArrayDataset implements Dataset {
  /** Number of samples. */
  readonly size: number;
  /** Shapes of one sample of every input. */
  readonly inputShapes: readonly (readonly number[])[];
  /** Shapes of one sample of every target. */
  readonly targetShapes: readonly (readonly number[])[];
  readonly classNames?: readonly string[];
  readonly #inputs: readonly Column[];
  readonly #targets: readonly Column[];

  /**
   * @throws ValueError for what is no array of samples; ShapeError when a length does not fit its shape;
   *   DataError when counts of samples differ, a number is not finite, or a class index is out of range.
   */
  constructor(options: ArrayDatasetOptions) {
    this.#inputs = columns('input', options.inputs);
    this.#targets = columns('target', options.targets);
    if (this.#inputs.length === 0) {
      throw new ValueError('a data set needs at least one array of inputs, but none was given.');
    }
    this.size = this.#inputs[0].count;
    for (const column of [...this.#inputs, ...this.#targets]) {
      if (column.count !== this.size) {
        throw new DataError(
          `${column.name} holds ${column.count} samples, but ${this.#inputs[0].name} holds ` +
            `${this.size}; every array needs one entry for each sample.`,
        );
      }
    }
    this.inputShapes = this.#inputs.map((column) => column.shape);
    this.targetShapes = this.#targets.map((column) => column.shape);
    this.classNames = options.classNames;
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): void {
    checkDestination('input', this.inputShapes, inputs, indices.length);
    checkDestination('target', this.targetShapes, targets, indices.length);
    for (let i = 0; i < indices.length; i++) {
      if (indices[i] >= this.size) {
        throw new ValueError(
          `sample ${indices[i]} was asked for, but the data set has ${this.size}.`,
        );
      }
    }
    for (let i = 0; i < inputs.length; i++) this.#inputs[i].copy(indices, inputs[i]);
    for (let i = 0; i < targets.length; i++) this.#targets[i].copy(indices, targets[i]);
  }
}

/** One validated array with the way its samples are written. */
interface Column {
  readonly name: string;
  readonly count: number;
  /** Shape of one sample as it comes out. */
  readonly shape: readonly number[];
  copy(indices: Uint32Array, out: Float32Array): void;
}

function columns(kind: string, arrays: SampleArray | readonly SampleArray[]): Column[] {
  const list = Array.isArray(arrays) ? (arrays as readonly SampleArray[]) : [arrays as SampleArray];
  return list.map((array, i) => column(list.length === 1 ? kind : `${kind} ${i}`, array));
}

/**
 * Programs without types hand over nested lists, bare typed arrays, or nothing at all.
 * @throws ValueError for what is no array of samples.
 */
export function requireSampleArray(name: string, array: unknown): void {
  const { data, shape } = Object(array) as Partial<SampleArray>;
  if (Array.isArray(shape) && Number.isSafeInteger(data?.length)) return;
  const came =
    typeof array === 'object' && array !== null
      ? `${array.constructor?.name ?? 'an object'} without them`
      : `${array}`;
  throw new ValueError(
    `${name} must be { data, shape }, data being a Float32Array or Uint8Array of all numbers and shape ` +
      `[samples, ...], but ${came} was given.`,
  );
}

function column(name: string, array: SampleArray): Column {
  requireSampleArray(name, array);
  const { data, shape, scale = 1, oneHot } = array;
  if (shape.length === 0 || !shape.every((d) => Number.isSafeInteger(d) && d > 0)) {
    throw new ShapeError(
      `${name} has shape [${shape.join(', ')}], but a shape is [N, ...] of positive integers.`,
    );
  }
  const expected = shape.reduce((product, d) => product * d, 1);
  if (data.length !== expected) {
    throw new ShapeError(
      `${name} holds ${data.length} numbers, but shape [${shape.join(', ')}] needs ${expected}.`,
    );
  }
  if (!Number.isFinite(scale)) {
    throw new ValueError(`${name} has scale ${scale}, but a scale must be a finite number.`);
  }
  const count = shape[0];
  const sample = shape.slice(1);
  const width = expected / count;
  if (!(data instanceof Uint8Array)) checkFinite(name, data, width);
  if (oneHot !== undefined) {
    checkClasses(name, data, sample, oneHot);
    return {
      name,
      count,
      shape: [oneHot],
      copy(indices, out) {
        out.fill(0, 0, indices.length * oneHot);
        for (let i = 0; i < indices.length; i++) out[i * oneHot + data[indices[i]]] = 1;
      },
    };
  }
  return { name, count, shape: sample, copy: scaledCopy(data, width, scale) };
}

function scaledCopy(
  data: Float32Array | Uint8Array,
  width: number,
  scale: number,
): (indices: Uint32Array, out: Float32Array) => void {
  const factor = Math.fround(scale);
  if (data instanceof Uint8Array) {
    const values = Float32Array.from({ length: 256 }, (_, byte) => byte * factor);
    return (indices, out) => {
      let position = 0;
      for (let i = 0; i < indices.length; i++) {
        const start = indices[i] * width;
        for (let j = start; j < start + width; j++) out[position++] = values[data[j]];
      }
    };
  }
  return (indices, out) => {
    let position = 0;
    for (let i = 0; i < indices.length; i++) {
      const start = indices[i] * width;
      for (let j = start; j < start + width; j++) out[position++] = data[j] * factor;
    }
  };
}

function checkFinite(name: string, data: Float32Array, width: number): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(
        `${name} holds ${data[i]} at index ${i} (sample ${Math.floor(i / width)}), but every ` +
          'number must be finite; clean the data first.',
      );
    }
  }
}

function checkClasses(
  name: string,
  data: Float32Array | Uint8Array,
  sample: readonly number[],
  classes: number,
): void {
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new ValueError(`${name} has oneHot ${classes}, but it must be a number of classes.`);
  }
  if (sample.length > 1 || (sample.length === 1 && sample[0] !== 1)) {
    throw new ShapeError(
      `${name} has samples of shape [${sample.join(', ')}], but one-hot expansion needs one class ` +
        'index a sample, shape [N] or [N, 1].',
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isInteger(data[i]) || data[i] < 0 || data[i] >= classes) {
      throw new DataError(
        `${name} holds label ${data[i]} at index ${i}, but labels go from 0 to ${classes - 1}.`,
      );
    }
  }
}
