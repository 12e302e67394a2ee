import { ValueError } from '../core/errors.js';
import { sizeOf } from '../core/shape.js';
import { augment } from '../data/augment/augment.js';
import type { Augmentation } from '../data/augment/augmentation.js';
import type { Dataset, GatherContext } from '../data/dataset.js';
import { activation } from '../layers/activation.js';
import { input } from '../layers/input-layer.js';
import { type Callback, CallbackList } from '../training/callback.js';
import { Model } from './model.js';
import type { Prediction, RunOptions } from './model-options.js';

/** Options of {@link predictViews} and {@link evaluateViews}. */
export interface ViewOptions extends RunOptions {
  /** Determines the draws of augmentations that have any; default 0. */
  readonly seed?: number;
}

/**
 * The mean of a model's outputs over the data as it is and over changed views of it, one for each
 * augmentation of the list; one that draws may be listed more than once and draws anew each time.
 *
 *     await predictViews(model, test, [flip({ probability: 1 })])
 *
 * @throws {ValueError} for mixup and cutmix, which blend samples. @throws {ShapeError} when the data does not
 * fit.
 */
export async function predictViews(
  model: Model,
  data: Dataset,
  views: readonly Augmentation[],
  options: ViewOptions = {},
): Promise<Prediction[]> {
  const { seed, ...run } = options;
  const changed = viewsOf(data, views, seed);
  const sums = await model.predictAll(data, run);
  for (const view of changed) {
    const outputs = await model.predictAll(view, run);
    outputs.forEach(({ data: values }, i) => {
      const sum = sums[i].data;
      for (let k = 0; k < sum.length; k++) sum[k] += values[k];
    });
  }
  const share = 1 / (views.length + 1);
  for (const { data: sum } of sums) for (let k = 0; k < sum.length; k++) sum[k] *= share;
  return sums;
}

/**
 * The changed views of data that {@link predictViews} predicts, one for each augmentation.
 * @throws {ValueError} for mixup and cutmix, which blend samples.
 */
export function viewsOf(data: Dataset, views: readonly Augmentation[], seed = 0): Dataset[] {
  return views.map((view, epoch) => {
    if (view.mixes !== true) return viewOf(data, view, { seed, epoch });
    throw new ValueError(`${view.name} blends samples, so it gives no view of one; leave it out.`);
  });
}

/**
 * Loss and metrics of the mean outputs over views, see {@link predictViews}; penalties on weights are left
 * out of the loss.
 * @throws {ValueError} when the model is not compiled, and as {@link predictViews}.
 */
export async function evaluateViews(
  model: Model,
  data: Dataset,
  views: readonly Augmentation[],
  options: ViewOptions = {},
): Promise<Record<string, number>> {
  const { loss, lossWeights, metrics } = model.objectiveOptions;
  const told = new CallbackList(options.callbacks ?? []);
  await told.run('onTestBegin', { samples: data.size });
  let pass = -1;
  // One evaluation to whoever hears of it: each sample is predicted once a view and once as it is.
  const counting: Callback = {
    onPredictBegin: () => {
      pass++;
    },
    onPredictBatchEnd: (batch, { samples }) =>
      told.numbered('onTestBatchEnd', batch, {
        samples: Math.floor((pass * data.size + samples) / (views.length + 1)),
      }),
  };
  const outputs = await predictViews(model, data, views, { ...options, callbacks: [counting] });
  const inputs = model.outputShapes.map((shape) => input({ shape }));
  const judge = new Model({
    inputs,
    outputs: inputs.map((tensor, i) =>
      activation('linear', { name: model.outputNames[i] })(tensor),
    ),
  });
  judge.compile({ loss, lossWeights, metrics, executor: 'reference' });
  try {
    const figures = await judge.evaluate(new PredictedDataset(outputs, data), {
      batchSize: options.batchSize,
    });
    await told.run('onTestEnd', figures);
    return figures;
  } finally {
    await judge.dispose();
  }
}

/** The data with an augmentation that draws as in one epoch of training. */
function viewOf(data: Dataset, augmentation: Augmentation, context: GatherContext): Dataset {
  const { size, inputShapes, targetShapes } = data;
  const shapes = { size, inputShapes, targetShapes };
  // What changes training samples in the data itself changes nothing here.
  const plain: Dataset = { ...shapes, gather: (indices, x, y) => data.gather(indices, x, y) };
  const changed = augment(plain, [augmentation]);
  return { ...shapes, gather: (indices, x, y) => changed.gather(indices, x, y, context) };
}

/** Predictions as inputs, with the targets of the data that they were made for. */
class PredictedDataset implements Dataset {
  readonly size: number;
  readonly inputShapes: Dataset['inputShapes'];
  readonly targetShapes: Dataset['targetShapes'];
  readonly #outputs: readonly Prediction[];
  readonly #data: Dataset;

  constructor(outputs: readonly Prediction[], data: Dataset) {
    this.#outputs = outputs;
    this.#data = data;
    this.size = data.size;
    this.inputShapes = outputs.map(({ shape }) => shape.slice(1));
    this.targetShapes = data.targetShapes;
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): void | Promise<void> {
    this.#outputs.forEach(({ data }, i) => {
      const size = sizeOf(this.inputShapes[i]);
      indices.forEach((index, row) => {
        for (let k = 0; k < size; k++) inputs[i][row * size + k] = data[index * size + k];
      });
    });
    const unused = this.#data.inputShapes.map(
      (shape) => new Float32Array(indices.length * sizeOf(shape)),
    );
    return this.#data.gather(indices, unused, targets);
  }
}
