import { ValueError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import { ArrayDataset, type SampleArray } from '../data/array-dataset.js';
import { type Dataset, splitDataset } from '../data/dataset.js';
import { isSampleStream, type SampleStream, StreamDataset } from '../data/stream-dataset.js';
import { requireBatchSize } from '../training/fit.js';
import type { FitOptions, Samples } from './model-options.js';

/** Samples in a step unless told otherwise, as in Keras. */
export const DEFAULT_BATCH_SIZE = 32;

/** Whether training data is a data set, not arrays or a stream. */
export function isDataset(x: Dataset | SampleStream | Samples): x is Dataset {
  return typeof x === 'object' && x !== null && 'gather' in x;
}

/**
 * Arrays as a data set.
 * @throws {ValueError} when the targets are missing, or something is no array of samples.
 */
export function toDataset(x: Samples, y: Samples): ArrayDataset {
  requireNoStream(x);
  if (typeof x === 'object' && x !== null && 'train' in x) {
    throw new ValueError('a loaded data set has parts; give one of them, such as .train or .test');
  }
  if (y === undefined) {
    throw new ValueError('targets are missing; give them after the inputs: fit(x, y, options)');
  }
  const list = (samples: Samples) =>
    (Array.isArray(samples) ? samples : [samples]) as readonly SampleArray[];
  return new ArrayDataset({ inputs: list(x), targets: list(y) });
}

function requireNoStream(x: unknown): void {
  if (!isSampleStream(x)) return;
  throw new ValueError(
    'only fit takes a stream; validation, evaluate and predict take arrays, or a data set with gather()',
  );
}

/** What `fit` trains on and validates with, by its options. */
export function splitValidation(
  data: Dataset,
  options: FitOptions,
): { train: Dataset; validation: Dataset | undefined } {
  const { validationData, validationSplit } = options;
  if (validationData !== undefined) {
    if ('gather' in validationData) return { train: data, validation: validationData };
    requireNoStream(validationData);
    return { train: data, validation: toDataset(validationData[0], validationData[1]) };
  }
  if (validationSplit === undefined || validationSplit === 0) {
    return { train: data, validation: undefined };
  }
  return splitDataset(data, validationSplit);
}

/**
 * A stream of samples or batches as the data of `fit`, which `stepsPerEpoch` gives a length.
 * @throws {ValueError} without it, and for options that a stream cannot have.
 */
export function streamedData(
  stream: SampleStream,
  options: FitOptions,
  shapes: { inputShapes: readonly Shape[]; targetShapes: readonly Shape[] },
): Dataset {
  const { stepsPerEpoch, batchSize = DEFAULT_BATCH_SIZE, shuffle, validationSplit } = options;
  requireBatchSize(batchSize);
  if (stepsPerEpoch === undefined || !Number.isSafeInteger(stepsPerEpoch * batchSize)) {
    throw new ValueError(
      `a stream has no length, so fit needs stepsPerEpoch, a whole number, got ${stepsPerEpoch}`,
    );
  }
  if (stepsPerEpoch < 1 || shuffle === true || (validationSplit ?? 0) > 0) {
    throw new ValueError(
      'a stream comes in its own order: leave shuffle and validationSplit out, and let stepsPerEpoch be at least 1',
    );
  }
  return new StreamDataset({ stream, size: stepsPerEpoch * batchSize, ...shapes });
}
