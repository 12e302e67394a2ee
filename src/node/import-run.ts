import { ValueError } from '../core/errors.js';
import { isNamedOptions } from '../core/named-options.js';
import { formatShape, sameShape } from '../core/shape.js';
import { type DatasetRow, datasetCatalog, datasetRow } from '../data/catalog.js';
import type { Model } from '../models/model.js';
import type { Optimizer } from '../training/optimizer.js';
import { type OptimizerName, optimizerNames } from '../training/optimizers.js';
import { type RunHooks, type RunSettings, startRun, type TrainingRun } from './train-run.js';
import { trainableModel } from './trainable-model.js';

/** What `importRun` is told of the training that may follow. */
export interface ImportRunOptions
  extends Partial<Pick<RunSettings, 'dataset' | 'dataDir' | 'limit'>>,
    Pick<RunSettings, 'epochs' | 'batchSize'> {
  /** Path of the file that the model came from, for messages. */
  readonly source: string;
  /** Name of the run's model. */
  readonly name: string;
}

/**
 * Makes a run of a model that was carried in, before its first epoch here: `train --resume` trains it,
 * `evaluate` and `predict` take it as it is. Its optimizer goes on where it stood, where the file says so.
 * @param out folder of the run.
 * @throws {ValueError} when the model takes other images than the data set has, or tells other classes.
 * @throws {DataError} when the folder or the data cannot be used.
 */
export async function importRun(
  carried: Model,
  out: string,
  options: ImportRunOptions,
  hooks: RunHooks = {},
): Promise<TrainingRun> {
  const { source, name, epochs, batchSize, dataDir, limit } = options;
  const model = await trainableModel(carried, source);
  const dataset = datasetFor(model, source, options.dataset).name;
  const known = model.compiled ? model.optimizer.name : undefined;
  const optimizer = optimizerNames.find((one) => one === known);
  const settings: RunSettings = {
    model: name,
    dataset,
    dataDir,
    epochs,
    batchSize,
    ...(optimizer === undefined ? FRESH : { optimizer, ...carriedOptions(model.optimizer) }),
    limit,
    seed: 0,
    executor: 'cpu',
  };
  const keepOptimizer = optimizer !== undefined;
  const run = await startRun(settings, out, { ...hooks, model, keepOptimizer });
  await run.leave();
  return run;
}

/** What a run says of an optimizer that was carried in. */
function carriedOptions(
  optimizer: Optimizer,
): Pick<RunSettings, 'learningRate' | 'weightDecay' | 'optimizerOptions' | 'schedule'> {
  const { learningRate: rate, weightDecay, ...optimizerOptions } = optimizer.getConfig();
  return {
    learningRate: optimizer.learningRate,
    ...(typeof weightDecay === 'number' && { weightDecay }),
    optimizerOptions,
    ...(isNamedOptions(rate) && { schedule: rate }),
  };
}

/** For models that came without an optimizer. */
const FRESH: { optimizer: OptimizerName; learningRate: number } = {
  optimizer: 'adam',
  learningRate: 0.001,
};

/** The data set that was named, or the first that fits the model. */
function datasetFor(model: Model, source: string, name: string | undefined): DatasetRow {
  const [images] = model.inputShapes;
  const [[classes]] = model.outputShapes;
  const fits = ({ imageShape, classNames }: DatasetRow) =>
    sameShape(imageShape, images) && classNames.length === classes;
  const rows = name === undefined ? datasetCatalog : [datasetRow(name)];
  const found = rows.find(fits);
  if (found !== undefined) return found;
  const known = rows.map(
    (row) => `${row.name}: ${formatShape(row.imageShape)}, ${row.classNames.length} classes`,
  );
  throw new ValueError(
    `a run needs a data set, and none fits the model of ${source}, which takes ${formatShape(images)} and tells ${classes} classes (${known.join('; ')}); to keep the model alone, let --out end in .safetensors.`,
  );
}
