import { isAbsolute } from 'node:path';
import { findApplication } from '../../applications/registry.js';
import { nearestName, ResiduumError, ValueError } from '../../core/errors.js';
import { isNamedOptions, type NamedOptions, optionsOf } from '../../core/named-options.js';
import { datasetCatalog, datasetRow } from '../../data/catalog.js';
import type { OptimizerName } from '../../training/optimizers.js';
import { SampleWeights } from '../../training/sample-weights.js';
import { epochsToSteps } from '../../training/schedules/epochs-to-steps.js';
import { resolveSchedule } from '../../training/schedules/resolve-schedule.js';
import { datasetAddress, noSuchData } from '../data/load-dataset.js';
import { callbackPath, PATH_OPTIONS } from '../runs/callback-path.js';
import type { EvaluationSettings, RunSettings } from '../runs/run-record.js';
import { FigureNames } from './figure-names.js';
import {
  DEFAULT_LOSS,
  filledAugmentation,
  filledCallback,
  filledLoss,
  filledMetric,
  filledModelOptions,
  filledOptimizer,
  filledSchedule,
  filledSettings,
  filledView,
  LIKELY_STEPS,
} from './filled-options.js';
import type { RunConfig } from './run-config.js';
import { fillLength } from './schedule-length.js';

const DEFAULT_MODEL = 'resnet50';
const DEFAULT_OPTIMIZER = 'adam';
const DEFAULT_EPOCHS = 2;
/** The article's, where an epoch has steps enough for the moving statistics to settle; else Keras's. */
export const DEFAULT_BATCH_SIZES = { large: 100, small: 32 } as const;
/** Images from which on a data set counts as large. */
export const LARGE_DATASET = 20_000;

/** How a run is saved unless told otherwise. */
const DEFAULT_CHECKPOINT = { everyMinutes: 5, keep: 2 } as const;

/**
 * The settings that a description means, with all defaults filled in and all names and options checked.
 * @param source file of the description, for messages; undefined when it was put together from flags.
 * @throws {ValueError} naming the path in the description, and what is wrong there.
 */
export function settingsOfConfig(config: RunConfig, source?: string): RunSettings {
  const at = <T>(path: string, make: () => T): T => {
    try {
      return make();
    } catch (error) {
      if (source === undefined || !(error instanceof ResiduumError)) throw error;
      throw new ValueError(`${source}: ${path}: ${error.message}`);
    }
  };
  const { data = {}, epochs = DEFAULT_EPOCHS, engine = {} } = config;
  const dataset = at('data.name', () => datasetOf(data.name ?? datasetCatalog[0].name));
  const row = datasetCatalog.find(({ name }) => name === dataset);
  const images = Math.min(row?.trainCount ?? 0, data.limit ?? Number.POSITIVE_INFINITY);
  const batchSize = config.batchSize ?? defaultBatchSize(images);
  const stepsPerEpoch = row === undefined ? LIKELY_STEPS : Math.ceil(images / batchSize);
  const { checkpoint, loss = DEFAULT_LOSS } = config;
  const figures = new FigureNames();
  const metrics = (config.metrics ?? []).flatMap((metric, i) => {
    // The accuracy is always there.
    if (metric.name === 'accuracy') return [];
    return at(`metrics[${i}]`, () => {
      figures.add(metric);
      return [filledMetric(metric)];
    });
  });
  const changes = (data.augment ?? []).map((change, i) =>
    at(`data.augment[${i}]`, () => augmentationSettings(change)),
  );
  const callbacks = (config.callbacks ?? []).map((callback, i) =>
    at(`callbacks[${i}]`, () => callbackSettings(callback, figures, config.schedule)),
  );
  const { classWeights } = config;
  at('classWeights', () => new SampleWeights({ classWeight: classWeights }, 0));
  const { schedule: given } = config;
  const schedule = given && at('schedule', () => scheduleSettings(given, epochs, stepsPerEpoch));
  const first = schedule && at('schedule', () => firstRate(schedule, stepsPerEpoch));
  return {
    ...at('model', () => modelSettings(config.model)),
    dataset,
    dataDir: data.folder,
    imageSize: data.imageSize,
    ...folderSettings(dataset, data),
    limit: data.limit,
    augment: changes.length === 0 ? undefined : changes,
    ...at('optimizer', () => optimizerSettings(config.optimizer, first)),
    schedule,
    loss: at('loss', () => filledLoss(loss)),
    metrics: metrics.length === 0 ? undefined : metrics,
    callbacks: callbacks.length === 0 ? undefined : callbacks,
    classWeights,
    evaluate: at('evaluate', () => evaluationSettings(config, epochs)),
    epochs,
    batchSize,
    seed: config.seed ?? 0,
    executor: engine.executor ?? 'cpu',
    replicas: engine.replicas,
    gemm: engine.gemm,
    checkpoint: { ...DEFAULT_CHECKPOINT, ...checkpoint },
  };
}

/** Settings without a default that says the same. */
type Unset = 'schedule' | 'classWeights';

/** A description that means these settings, nothing left out. */
export function configOfSettings(
  given: RunSettings,
): Required<Omit<RunConfig, '$schema' | 'description' | Unset>> & Pick<RunConfig, Unset> {
  const settings = filledSettings(given);
  const { model, modelFile, modelOptions, dataset, dataDir, limit, augment = [] } = settings;
  const { imageSize, channels, resize } = settings;
  const { optimizer, schedule, loss = DEFAULT_LOSS, metrics = [], callbacks = [] } = settings;
  const { epochs, batchSize, seed, classWeights, evaluate = {} } = settings;
  const { executor, replicas, gemm, checkpoint = DEFAULT_CHECKPOINT } = settings;
  const { learningRate, weightDecay, optimizerOptions } = settings;
  return {
    model: {
      ...(modelFile === undefined ? { name: model } : { file: modelFile }),
      ...(modelOptions && { options: modelOptions }),
    },
    data: {
      name: dataset,
      ...(dataDir !== undefined && { folder: dataDir }),
      ...(imageSize && { imageSize }),
      ...(channels !== undefined && { channels }),
      ...(resize !== undefined && { resize }),
      ...(limit !== undefined && { limit }),
      augment,
    },
    optimizer: {
      name: optimizer,
      ...(schedule === undefined && { learningRate }),
      weightDecay,
      ...optimizerOptions,
    },
    ...(schedule && { schedule }),
    loss,
    metrics: [{ name: 'accuracy' }, ...metrics],
    ...(classWeights && { classWeights }),
    evaluate: { weights: evaluate.weights ?? 'current', views: evaluate.views ?? [] },
    epochs,
    batchSize,
    seed,
    callbacks,
    checkpoint,
    engine: {
      executor,
      ...(replicas !== undefined && { replicas }),
      ...(gemm !== undefined && { gemm }),
    },
  };
}

/** A known data set by its name, or a folder of images by its path. */
function datasetOf(name: string): string {
  const address = datasetAddress(name);
  if (address === name && !isAbsolute(name) && /[/\\]/.test(name)) throw noSuchData(name);
  return address === name && !isAbsolute(name) ? datasetRow(name).name : address;
}

function defaultBatchSize(images: number): number {
  return images < LARGE_DATASET ? DEFAULT_BATCH_SIZES.small : DEFAULT_BATCH_SIZES.large;
}

/** How images of a folder are read; of a data set by name as it was given, for whoever refuses it. */
function folderSettings(
  dataset: string,
  { channels, resize }: NonNullable<RunConfig['data']>,
): Pick<RunSettings, 'channels' | 'resize'> {
  const isFolder = isAbsolute(dataset) && !dataset.endsWith('.npz');
  return isFolder ? { channels: channels ?? 3, resize: resize ?? 'cover' } : { channels, resize };
}

function scheduleSettings(
  given: NamedOptions,
  epochs: number,
  stepsPerEpoch: number,
): NamedOptions {
  return filledSchedule(fillLength(flattened(given), epochs), stepsPerEpoch);
}

/** A schedule with its options beside its name, and those of the one inside a warm-up likewise. */
function flattened({ name, ...given }: NamedOptions): NamedOptions {
  const options = optionsOf({ name, ...given });
  const { schedule } = options;
  return { name, ...options, ...(isNamedOptions(schedule) && { schedule: flattened(schedule) }) };
}

function firstRate(schedule: NamedOptions, stepsPerEpoch: number): number {
  const { name, ...options } = epochsToSteps(schedule, stepsPerEpoch);
  return resolveSchedule(name, optionsOf({ name, ...options })).at(0);
}

function augmentationSettings(change: NamedOptions): NamedOptions {
  if (change.name === 'normalize') {
    throw new ValueError(
      "'normalize' is not for runs, whose predictions take pixels as they are; let the network begin with a batch normalization.",
    );
  }
  return filledAugmentation(change);
}

function evaluationSettings(
  { evaluate = {}, optimizer, callbacks = [] }: RunConfig,
  epochs: number,
): EvaluationSettings | undefined {
  const { weights = 'current', views = [] } = evaluate;
  if (weights === 'ema' && (optimizer === undefined || optionsOf(optimizer).useEma !== true)) {
    throw new ValueError(
      "weights are 'ema', but the optimizer keeps no moving averages; give it useEma: true.",
    );
  }
  if (weights === 'swa') {
    const averaging = callbacks.find(({ name }) => name === 'swa');
    if (averaging === undefined || Number(optionsOf(averaging).startEpoch) >= epochs) {
      throw new ValueError(
        `weights are 'swa', so callbacks must have { "name": "swa", "startEpoch": … } that begins before epoch ${epochs}.`,
      );
    }
  }
  if (weights === 'current' && views.length === 0) return undefined;
  return {
    ...(weights !== 'current' && { weights }),
    ...(views.length > 0 && { views: views.map(filledView) }),
  };
}

function callbackSettings(
  callback: NamedOptions,
  figures: FigureNames,
  schedule: NamedOptions | undefined,
): NamedOptions {
  if (callback.name === 'terminateOnNaN') {
    throw new ValueError("'terminateOnNaN' is not for runs, which end there by themselves.");
  }
  const filled = filledCallback(callback);
  for (const option of PATH_OPTIONS) {
    const path = filled[option];
    if (typeof path === 'string') callbackPath('', path);
  }
  figures.checkWatched(filled);
  if (callback.name === 'reduceLROnPlateau' && schedule !== undefined) {
    throw new ValueError(
      `reduceLROnPlateau sets the learning rate, which follows the schedule '${schedule.name}'; leave one of them out.`,
    );
  }
  return filled;
}

function modelSettings(
  model: RunConfig['model'] = {},
): Pick<RunSettings, 'model' | 'modelFile' | 'modelOptions'> {
  const { name, file, options } = model;
  if (name !== undefined && file !== undefined) {
    throw new ValueError('it has both a name and a file; give one of them.');
  }
  if (file !== undefined) {
    if (options === undefined) return { model: bareName(file), modelFile: file };
    throw new ValueError('a model of a file takes no options.');
  }
  const application = findApplication(name ?? DEFAULT_MODEL);
  for (const option of Object.keys(options ?? {})) {
    if (application.options.includes(option)) continue;
    const near = nearestName(option, application.options);
    const hint =
      near === undefined ? `it takes ${application.options.join(', ')}` : `did you mean '${near}'?`;
    throw new ValueError(`${application.name} has no option '${option}'; ${hint}`);
  }
  const modelOptions = filledModelOptions(application.name, options);
  return { model: application.name, modelOptions };
}

function optimizerSettings(
  given: NamedOptions = { name: DEFAULT_OPTIMIZER },
  firstRateOfSchedule: number | undefined,
): Pick<RunSettings, 'optimizer' | 'learningRate' | 'weightDecay' | 'optimizerOptions'> {
  const { learningRate, ...options } = optionsOf(given);
  const name = given.name as OptimizerName;
  if (learningRate !== undefined && firstRateOfSchedule !== undefined) {
    throw new ValueError('it has a learningRate, and there is a schedule too; give one of them.');
  }
  if (learningRate !== undefined && typeof learningRate !== 'number') {
    throw new ValueError(
      `learningRate is ${JSON.stringify(learningRate)}, expected a number; a rate that changes is the run's schedule.`,
    );
  }
  const rate = learningRate ?? firstRateOfSchedule;
  const all = { ...options, ...(rate !== undefined && { learningRate: rate }) };
  return { optimizer: name, ...filledOptimizer(name, all) };
}

/** The last part of a path without the ending of a model file. */
function bareName(path: string): string {
  const name =
    path
      .split(/[\\/]/)
      .filter((part) => part !== '')
      .at(-1) ?? path;
  return name.replace(/(\.weights)?\.(safetensors|keras|onnx|h5)$/, '');
}
