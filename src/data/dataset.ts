import { ShapeError, ValueError } from '../core/errors.js';

/** What a training pass tells a data set, whose random changes follow from it and a sample's index. */
export interface GatherContext {
  /** Seed of the training run. */
  readonly seed: number;
  /** Number of the epoch, from 0. */
  readonly epoch: number;
}

/**
 * Samples that are addressed by index. Shapes are those of one sample, without the batch dimension.
 */
export interface Dataset {
  /** Number of samples. */
  readonly size: number;
  /** Shapes of one sample of every input. */
  readonly inputShapes: readonly (readonly number[])[];
  /** Shapes of one sample of every target; `[]` for a class index. */
  readonly targetShapes: readonly (readonly number[])[];
  /** Names of the classes, where the targets are classes. */
  readonly classNames?: readonly string[];
  /**
   * Copies the samples `indices` into the first `indices.length` samples of each preallocated
   * array, `inputs[i]` of shape `[batch, ...inputShapes[i]]` and `targets[i]` likewise.
   * It allocates nothing in proportion to its work.
   *
   * @param context given by training passes alone: a data set that augments changes samples then, and
   *   hands them out unchanged to evaluation and prediction.
   * @throws ValueError for an index outside the data set.
   */
  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
    context?: GatherContext,
  ): void | Promise<void>;
  /**
   * The samples from `from` to `to`, where a part is more than a range of indices: an augmented data set
   * mixes samples of the same part only. Called by {@link subset}, which has checked the range.
   */
  part?(from: number, to: number): Dataset;
}

/** A data set's first part and the rest. */
export interface DatasetSplit {
  /** The first part. */
  readonly train: Dataset;
  /** The rest. */
  readonly validation: Dataset;
}

/**
 * The samples from `from` (included) to `to` (excluded), without copying.
 *
 * @throws ValueError when the range does not lie within the data set or is empty.
 */
export function subset(dataset: Dataset, from: number, to: number): Dataset {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to > dataset.size) {
    throw new ValueError(
      `samples ${from} to ${to} were asked for, but the data set has samples 0 to ${dataset.size}.`,
    );
  }
  if (from >= to) {
    throw new ValueError(
      `samples ${from} to ${to} were asked for, which is none; a data set needs at least one.`,
    );
  }
  if (from === 0 && to === dataset.size) return dataset;
  return dataset.part?.(from, to) ?? new DatasetRange(dataset, from, to);
}

/**
 * The first `count` samples, or all of them where there are fewer.
 *
 * @throws ValueError when `count` is not a positive integer.
 */
export function take(dataset: Dataset, count: number): Dataset {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new ValueError(`the limit of samples is ${count}, but it must be a positive integer.`);
  }
  return subset(dataset, 0, Math.min(count, dataset.size));
}

/**
 * Splits as Keras's `validation_split` does: the last `fraction` of the samples is for validation,
 * and the cut is at `floor(size · (1 − fraction))`.
 *
 * @throws ValueError when the fraction is not between 0 and 1 or leaves either part empty.
 */
export function splitDataset(dataset: Dataset, fraction: number): DatasetSplit {
  if (!(fraction > 0 && fraction < 1)) {
    throw new ValueError(
      `the validation split is ${fraction}, but it must lie between 0 and 1, such as 0.1.`,
    );
  }
  const cut = Math.floor(dataset.size * (1 - fraction));
  if (cut === 0 || cut === dataset.size) {
    throw new ValueError(
      `a validation split of ${fraction} leaves no samples on one side of ${dataset.size}; ` +
        'choose another fraction or give more data.',
    );
  }
  return {
    train: subset(dataset, 0, cut),
    validation: subset(dataset, cut, dataset.size),
  };
}

/**
 * Refuses arrays that cannot hold what {@link Dataset.gather} is about to write.
 *
 * @param kind `input` or `target`. @param count samples to be written.
 * @throws ShapeError naming the array, its length and the length needed.
 */
export function checkDestination(
  kind: 'input' | 'target',
  shapes: readonly (readonly number[])[],
  arrays: readonly Float32Array[],
  count: number,
): void {
  if (arrays.length !== shapes.length) {
    throw new ShapeError(
      `${arrays.length} ${kind} arrays were given to a data set that has ${shapes.length}.`,
    );
  }
  for (let i = 0; i < shapes.length; i++) {
    let needed = count;
    for (const dimension of shapes[i]) needed *= dimension;
    if (arrays[i].length < needed) {
      throw new ShapeError(
        `${kind} array ${i} holds ${arrays[i].length} numbers, but ${count} samples of shape ` +
          `[${shapes[i].join(', ')}] need ${needed}.`,
      );
    }
  }
}

class DatasetRange implements Dataset {
  readonly size: number;
  readonly inputShapes: readonly (readonly number[])[];
  readonly targetShapes: readonly (readonly number[])[];
  readonly classNames?: readonly string[];
  readonly #base: Dataset;
  readonly #from: number;
  /** Shifted indices by batch length: a run knows only a full batch and a last one. */
  readonly #shifted = new Map<number, Uint32Array>();

  constructor(base: Dataset, from: number, to: number) {
    const inner = base instanceof DatasetRange ? base : undefined;
    this.#base = inner === undefined ? base : inner.#base;
    this.#from = from + (inner === undefined ? 0 : inner.#from);
    this.size = to - from;
    this.inputShapes = base.inputShapes;
    this.targetShapes = base.targetShapes;
    this.classNames = base.classNames;
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
    context?: GatherContext,
  ): void | Promise<void> {
    const count = indices.length;
    // Taken out while in use, so that overlapping asynchronous calls do not share it.
    const shifted = this.#shifted.get(count) ?? new Uint32Array(count);
    this.#shifted.delete(count);
    for (let i = 0; i < count; i++) {
      if (indices[i] >= this.size) {
        throw new ValueError(
          `sample ${indices[i]} was asked for, but the data set has ${this.size}.`,
        );
      }
      shifted[i] = indices[i] + this.#from;
    }
    const pending = this.#base.gather(shifted, inputs, targets, context);
    if (pending === undefined) {
      this.#shifted.set(count, shifted);
      return undefined;
    }
    return pending.then(() => {
      this.#shifted.set(count, shifted);
    });
  }
}
