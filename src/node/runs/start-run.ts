import { resolve } from 'node:path';
import { findApplication } from '../../applications/registry.js';
import { filledSettings } from '../config/filled-options.js';
import { configOfSettings } from '../config/settings-of-config.js';
import { RunFolder } from '../run-folder.js';
import { openTrainableModel } from '../trainable-model.js';
import { buildModel, checkClassWeights } from './build-model.js';
import { describeData, describeThisMachine, versionsNow } from './describe-run.js';
import { RunCallbacks } from './run-callbacks.js';
import { engineOptions, loadRunData, type RunHooks } from './run-hooks.js';
import { BEGINNING, type RunRecord, type RunSettings } from './run-record.js';
import { TrainingRun } from './training-run.js';

const LONGEST_COMMAND = 4096;

/**
 * Prepares a new run: data, model, executor, folder with the first weights. On failure or interruption
 * nothing is left behind.
 * @param out folder of the run; by default the next free one in `runs/`.
 * @throws UnknownNameError for an unknown model or data set; DataError and FormatError for bad data or
 * a folder that cannot be used; ExecutorError when the executor does not start; the reason of the
 * signal when it is aborted.
 */
export async function startRun(
  settings: RunSettings,
  out?: string,
  hooks: RunHooks = {},
): Promise<TrainingRun> {
  const { signal } = hooks;
  const { modelFile } = settings;
  const given =
    hooks.model ?? (modelFile === undefined ? undefined : await openTrainableModel(modelFile));
  if (given === undefined) findApplication(settings.model);
  const kept = hooks.keepOptimizer === true && given?.compiled === true ? given : undefined;
  const state = await kept?.optimizerState();
  if (out !== undefined) await RunFolder.checkFree(out);
  const data = await loadRunData(settings, hooks);
  checkClassWeights(settings.classWeights, data.info.classNames);
  const { imageShape, resize } = data.info;
  const model = buildModel(settings, data.info, {
    engine: engineOptions(settings, hooks),
    stepsPerEpoch: Math.ceil(data.train.size / settings.batchSize),
    model: given,
    optimizer: kept?.optimizer,
  });
  if (state !== undefined) await model.setOptimizerState(state);
  let folder: RunFolder | undefined;
  try {
    const engine = (await model.executor()).description;
    signal?.throwIfAborted();
    folder = await RunFolder.create(out, `${settings.model}-${data.info.name}`, hooks.files);
    await folder.lock();
    const now = new Date().toISOString();
    const record: RunRecord = {
      status: 'running',
      created: now,
      updated: now,
      versions: versionsNow(),
      settings: {
        ...filledSettings(settings),
        replicas: engine.replicas,
        ...(settings.dataDir !== undefined && { dataDir: resolve(settings.dataDir) }),
        ...(resize !== undefined && {
          imageSize: [imageShape[0], imageShape[1]],
          channels: imageShape[2] === 1 ? 1 : 3,
          resize,
        }),
      },
      command: hooks.command?.slice(0, LONGEST_COMMAND),
      recipe: hooks.recipe,
      machine: describeThisMachine(),
      data: describeData(data),
      parameters: model.countParams(),
      engine,
      position: BEGINNING,
      stepsBefore: state?.iterations,
      history: [],
    };
    await folder.writeRecord(record);
    await folder.writeConfig(configOfSettings(record.settings));
    signal?.throwIfAborted();
    const log = folder.log();
    const run = new TrainingRun(folder, record, model, data, {
      log,
      callbacks: new RunCallbacks(record.settings.callbacks ?? [], folder.path, false),
      resumed: false,
      notes: [],
      profile: hooks.profile,
    });
    await run.save();
    signal?.throwIfAborted();
    return run;
  } catch (error) {
    await folder?.remove();
    await model.dispose().catch(() => undefined);
    throw error;
  }
}
