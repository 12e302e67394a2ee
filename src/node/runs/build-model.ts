import { findApplication } from '../../applications/registry.js';
import { ValueError } from '../../core/errors.js';
import { type NamedOptions, optionsOf } from '../../core/named-options.js';
import { augment } from '../../data/augment/augment.js';
import { resolveAugmentation } from '../../data/augment/registry.js';
import { setRandomSeed } from '../../layers/random-seed.js';
import type { Model } from '../../models/model.js';
import type { ExecutorOptions } from '../../models/platform.js';
import { type LossName, resolveLoss } from '../../training/losses.js';
import { type MetricName, resolveMetric } from '../../training/metrics.js';
import type { Optimizer } from '../../training/optimizer.js';
import { resolveOptimizer } from '../../training/optimizers.js';
import { epochsToSteps } from '../../training/schedules/epochs-to-steps.js';
import { DEFAULT_LOSS, optimizerOptionsOf } from '../config/filled-options.js';
import type { LoadedDataset } from '../data/load-dataset.js';
import type { RunSettings } from './run-record.js';

/** What a model is built from besides the settings. */
export interface BuildModelOptions {
  readonly engine: ExecutorOptions;
  /** Steps of one epoch, for schedules in epochs. */
  readonly stepsPerEpoch: number;
  /** The model, instead of the ready-made network that the settings name. */
  readonly model?: Model;
  /** The optimizer, instead of a new one. */
  readonly optimizer?: Optimizer;
}

/** The network of a run, compiled, with first weights of the seed. */
export function buildModel(
  settings: RunSettings,
  { imageShape, classNames }: Pick<LoadedDataset['info'], 'imageShape' | 'classNames'>,
  { engine, stepsPerEpoch, model: given, optimizer }: BuildModelOptions,
): Model {
  setRandomSeed(settings.seed);
  const shapes = { inputShape: imageShape, classes: classNames.length };
  const model =
    given ?? findApplication(settings.model).build({ ...settings.modelOptions, ...shapes });
  const { loss = DEFAULT_LOSS, metrics = [] } = settings;
  model.compile({
    optimizer: optimizer ?? makeOptimizer(settings, stepsPerEpoch),
    loss: resolveLoss(loss.name as LossName, { ...optionsOf(loss) }),
    metrics: ['accuracy', ...metrics.map(makeMetric)],
    ...engine,
  });
  return model;
}

/** The data with the training part changed as the settings say. */
export function augmentTraining(data: LoadedDataset, settings: RunSettings): LoadedDataset {
  const changes = settings.augment ?? [];
  if (changes.length === 0) return data;
  const list = changes.map((change) => resolveAugmentation(change.name, optionsOf(change)));
  return { ...data, train: augment(data.train, list) };
}

/** @throws {ValueError} when a weight is for a class that there is not. */
export function checkClassWeights(
  weights: RunSettings['classWeights'],
  classNames: readonly string[],
): void {
  const beyond = Object.keys(weights ?? {}).find((index) => Number(index) >= classNames.length);
  if (beyond === undefined) return;
  throw new ValueError(
    `classWeights has a weight for class ${beyond}, but the data has classes 0 to ${classNames.length - 1}: ${classNames.join(', ')}.`,
  );
}

function makeMetric(metric: NamedOptions) {
  return resolveMetric(metric.name as MetricName, { ...optionsOf(metric) });
}

function makeOptimizer(settings: RunSettings, stepsPerEpoch: number): Optimizer {
  const { optimizer, schedule } = settings;
  return resolveOptimizer(optimizer, {
    ...optimizerOptionsOf(settings),
    ...(schedule && { learningRate: epochsToSteps(schedule, stepsPerEpoch) }),
  });
}
