import { ValueError } from '../core/errors.js';
import { type NamedOptions, optionsOf } from '../core/named-options.js';
import type { Augmentation } from '../data/augment/augmentation.js';
import { resolveAugmentation } from '../data/augment/registry.js';
import type { Dataset } from '../data/dataset.js';
import type { Model } from '../models/model.js';
import type { RunOptions } from '../models/model-options.js';
import { evaluateViews } from '../models/test-time-augmentation.js';
import { AVERAGE_SLOT } from '../training/make-optimizer.js';
import { writeWeights } from '../training/weight-copies.js';
import type { EvaluationSettings, Figures } from './runs/run-record.js';

/** Averaged weights that a run can be evaluated with. */
export const AVERAGED_WEIGHTS = ['ema', 'swa'] as const;

/**
 * A view as a run's description names it: an augmentation, where a `flip` always flips unless told how often.
 * @throws {UnknownNameError}, {ValueError} for what is none, or is none of one image.
 */
export function resolveView(view: NamedOptions): Augmentation {
  const { name } = view;
  if (name === 'normalize') {
    throw new ValueError("'normalize' is no view: predictions take pixels as they are.");
  }
  const always = name === 'flip' ? { probability: 1 } : {};
  const augmentation = resolveAugmentation(name, { ...always, ...optionsOf(view) });
  if (augmentation.mixes !== true) return augmentation;
  throw new ValueError(`'${name}' blends images, so it gives no view of one; leave it out.`);
}

/** Loss and metrics over data, with the weights and views that the settings of a run name. */
export function evaluateAs(
  settings: EvaluationSettings,
  model: Model,
  data: Dataset,
  options: Omit<RunOptions, 'weights'> & { readonly seed: number },
): Promise<Figures> {
  const { seed, ...run } = options;
  const { views = [] } = settings;
  return withEvaluatedWeights(settings, model, async () => {
    if (views.length === 0) return model.evaluate(data, run);
    return evaluateViews(model, data, views.map(resolveView), { ...run, seed });
  });
}

/** Whether validation after epochs sees other weights than the test, or no views where that has some. */
export function validatesOtherwise({ weights, views = [] }: EvaluationSettings): boolean {
  return weights === 'swa' || views.length > 0;
}

/**
 * Lets work see the weights that a run is evaluated with; afterwards they are as before. Means of epochs are in
 * the model itself once training is over.
 */
export function withEvaluatedWeights<T>(
  { weights }: EvaluationSettings,
  model: Model,
  work: () => Promise<T>,
): Promise<T> {
  return weights === 'ema' ? model.withEmaWeights(work) : work();
}

/** Gives a model that was read, and is not trained on, the moving averages as its weights, where it has some. */
export async function takeAverages(model: Model): Promise<void> {
  const { iterations, slots } = await model.optimizerState();
  const averages = slots.get(AVERAGE_SLOT);
  if (iterations > 0 && averages !== undefined) writeWeights(model.namedVariables, averages);
}
