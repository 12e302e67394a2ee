import { ShapeError, ValueError } from '../core/errors.js';
import type { Augmentation } from '../data/augment/augmentation.js';
import { type Dataset, subset } from '../data/dataset.js';
import { isDataset, toDataset } from '../models/fit-data.js';
import type { Model } from '../models/model.js';
import type { Samples, WeightChoice } from '../models/model-options.js';
import { viewsOf } from '../models/test-time-augmentation.js';

/** What a classifier says of samples whose classes are known. */
export interface Classification {
  /** Number of samples. */
  readonly size: number;
  /** Number of classes. */
  readonly classes: number;
  /** Probability of every class for every sample, `[size, classes]` row-major. */
  readonly probabilities: Float32Array;
  /** Class of each sample. */
  readonly labels: Uint32Array;
  /** Class with the largest probability for each sample. */
  readonly predictions: Uint32Array;
  /** That probability. */
  readonly confidences: Float32Array;
}

/** Options of `classify`. */
export interface ClassifyOptions {
  /** Samples in a step; default 100. */
  batchSize?: number;
  /** The weights, or their moving averages (`useEma`); default `current`. */
  weights?: WeightChoice;
  /** Takes the mean of the predictions for the samples and for changed views of them; default none. */
  views?: readonly Augmentation[];
  /** Determines what views draw, as in `predictViews`; default 0. */
  seed?: number;
  /** Stop after so many seconds, with whole batches; default never. */
  seconds?: number;
}

/** Index of the largest value among `count` from `from`. */
function largest(values: Float32Array, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i;
  return best;
}

/** Classes of samples from one-hot targets `[N, classes]` or class indices `[N]`. */
async function labelsOf(dataset: Dataset, count: number): Promise<Uint32Array> {
  const width = dataset.targetShapes[0].reduce((product, size) => product * size, 1);
  const inputs = dataset.inputShapes.map(
    (shape) => new Float32Array(count * shape.reduce((product, size) => product * size, 1)),
  );
  const targets = new Float32Array(count * width);
  await dataset.gather(
    Uint32Array.from({ length: count }, (_, i) => i),
    inputs,
    [targets],
  );
  return Uint32Array.from({ length: count }, (_, i) =>
    width === 1 ? targets[i] : largest(targets, i * width, width),
  );
}

/**
 * What a model with one output of probabilities `[N, classes]` says of samples with one target: a data set, or
 * arrays of inputs and targets as `evaluate` takes them.
 * @throws {ShapeError} for other models or data. @throws {ValueError} for options out of range, and for views
 * that blend samples.
 */
export async function classify(
  model: Model,
  dataset: Dataset,
  options?: ClassifyOptions,
): Promise<Classification>;
export async function classify(
  model: Model,
  x: Samples,
  y: Samples,
  options?: ClassifyOptions,
): Promise<Classification>;
export async function classify(
  model: Model,
  x: Dataset | Samples,
  yOrOptions?: Samples | ClassifyOptions,
  classifyOptions: ClassifyOptions = {},
): Promise<Classification> {
  const [dataset, options] = isDataset(x)
    ? [x, (yOrOptions ?? {}) as ClassifyOptions]
    : [toDataset(x, yOrOptions as Samples), classifyOptions];
  const { batchSize = 100, seconds = Number.POSITIVE_INFINITY, weights } = options;
  const { views = [], seed = 0 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ValueError(`batchSize must be an integer of at least 1, got ${batchSize}`);
  }
  const [shape] = model.outputShapes;
  if (model.outputShapes.length !== 1 || shape.length !== 1 || dataset.targetShapes.length !== 1) {
    throw new ShapeError(
      `model '${model.name}' is no classifier: one output of shape [classes] and one target are needed`,
    );
  }
  const [classes] = shape;
  const parts: Float32Array[] = [];
  const start = performance.now();
  // Several steps at once, since every call of predict has a cost of its own.
  const chunk = batchSize * 4;
  const seen = [dataset, ...viewsOf(dataset, views, seed)];
  let size = 0;
  while (size < dataset.size && performance.now() - start < seconds * 1000) {
    const to = Math.min(dataset.size, size + chunk);
    const sum = (await model.predict(subset(seen[0], size, to), { batchSize, weights })).data;
    for (const view of seen.slice(1)) {
      const { data } = await model.predict(subset(view, size, to), { batchSize, weights });
      for (let k = 0; k < sum.length; k++) sum[k] += data[k];
    }
    const share = 1 / seen.length;
    for (let k = 0; k < sum.length; k++) sum[k] *= share;
    parts.push(sum);
    size = to;
  }
  const probabilities = new Float32Array(size * classes);
  let at = 0;
  for (const part of parts) {
    probabilities.set(part, at);
    at += part.length;
  }
  const predictions = Uint32Array.from({ length: size }, (_, i) =>
    largest(probabilities, i * classes, classes),
  );
  return {
    size,
    classes,
    probabilities,
    labels: await labelsOf(dataset, size),
    predictions,
    confidences: Float32Array.from(predictions, (c, i) => probabilities[i * classes + c]),
  };
}

/** Indices of the samples that were misclassified, the surest mistake first. */
export function worstMistakes(result: Classification, count: number): number[] {
  const { labels, predictions, confidences } = result;
  return Array.from(labels.keys())
    .filter((i) => labels[i] !== predictions[i])
    .sort((a, b) => confidences[b] - confidences[a])
    .slice(0, count);
}
