import { resolve } from 'node:path';
import { applications } from '../../applications/registry.js';
import { DataError, ValueError } from '../../core/errors.js';
import type { Model } from '../../models/model.js';
import { filledSettings } from '../config/filled-options.js';
import { configOfSettings } from '../config/settings-of-config.js';
import { RunFolder } from '../run-folder.js';
import { openTrainableModel } from '../trainable-model.js';
import { buildModel } from './build-model.js';
import type { Checkpoint } from './checkpoint.js';
import { versionsNow } from './describe-run.js';
import {
  checkResumable,
  checkSameData,
  engineNotes,
  extensionNotes,
  positionOf,
} from './resume-checks.js';
import { RunCallbacks } from './run-callbacks.js';
import { engineOptions, loadRunData, type RunHooks } from './run-hooks.js';
import {
  type CheckpointSettings,
  type EpochRecord,
  type RunRecord,
  type RunSettings,
  stepsOfEpoch,
} from './run-record.js';
import { TrainingRun } from './training-run.js';

/** What may change when a run goes on. */
export interface ResumeChanges {
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly dataDir?: string;
  readonly executor?: 'cpu' | 'reference';
  readonly replicas?: number;
  readonly gemm?: 'onnxruntime' | 'wasm';
  readonly checkpoint?: CheckpointSettings;
}

/**
 * Prepares to go on with a run that was interrupted, was killed or failed, or that shall have more
 * epochs. With the same engine, the weights become those of a run that was never interrupted, and with more
 * epochs those of a longer run, where neither the length of a schedule nor what callbacks do at the end depends on
 * the number of epochs: else a note says so.
 * @throws DataError, FormatError when the run or its data cannot be read; ValueError when there is
 * nothing to go on with.
 */
export async function resumeRun(
  path: string,
  changes: ResumeChanges = {},
  hooks: RunHooks = {},
): Promise<TrainingRun> {
  const folder = await RunFolder.open(path, hooks.files);
  await folder.lock();
  try {
    return await resumeLocked(folder, changes, hooks);
  } catch (error) {
    await folder.unlock().catch(() => undefined);
    throw error;
  }
}

async function resumeLocked(
  folder: RunFolder,
  changes: ResumeChanges,
  hooks: RunHooks,
): Promise<TrainingRun> {
  const { path } = folder;
  const before = await folder.readRecord();
  const settings = filledSettings({
    ...before.settings,
    ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
    ...(changes.dataDir !== undefined && { dataDir: resolve(changes.dataDir) }),
    checkpoint: { ...before.settings.checkpoint, ...changes.checkpoint },
    // A rate on the command line is a constant one, as for a new run.
    ...(changes.learningRate !== undefined && { schedule: undefined }),
  });
  checkResumable(path, before, changes.learningRate, settings);
  const data = await loadRunData(settings, hooks);
  checkSameData(path, before.data, data);
  const { model, state, arrays } = await reopen(folder, before, settings, hooks);
  try {
    if (changes.learningRate !== undefined) await setRate(model, settings, before, hooks);
    const engine = (await model.executor()).description;
    const { iterations } = await model.optimizerState();
    const place = state ?? { ...positionOf(before, iterations), history: before.history };
    const { position } = place;
    if (position.epoch > settings.epochs) {
      throw new ValueError(
        `run ${path} has done ${position.epoch} epochs already; give more than that as --epochs.`,
      );
    }
    const callbacks = new RunCallbacks(settings.callbacks ?? [], path, true);
    callbacks.restore(state?.callbacks ?? {}, arrays);
    const isOver = state !== undefined && state.phase !== 'training';
    const endedEarly = isOver && position.epoch < before.settings.epochs;
    if (endedEarly && before.status === 'done') {
      throw new ValueError(
        `run ${path} is finished: its callbacks ended it after ${position.epoch} epochs.`,
      );
    }
    const goesOn = !endedEarly && settings.epochs > position.epoch;
    const phase = goesOn ? 'training' : state?.phase;
    await folder.repair();
    const log = folder.log();
    const notes = [...folder.notes, ...('notes' in place ? place.notes : [])];
    if (!(await log.cutBack(state?.log))) {
      notes.push(`${log.path} lacks steps that the run has done; they are missing in its curves.`);
    }
    const record: RunRecord = {
      ...before,
      status: 'running',
      failure: undefined,
      test: undefined,
      validation: undefined,
      logSha256: undefined,
      updated: new Date().toISOString(),
      versions: versionsNow(),
      settings: { ...settings, replicas: engine.replicas },
      engine,
      position,
      history: withSeconds(place.history, before.history),
    };
    notes.push(...engineNotes(before, record));
    if (goesOn) notes.push(...extensionNotes(before, settings, state?.phase));
    const { epoch, samples } = position;
    const session = { at: record.updated, epoch: epoch + 1, samples, notes };
    const run = new TrainingRun(
      folder,
      { ...record, sessions: [...(before.sessions ?? []), session] },
      model,
      data,
      { log, callbacks, phase, resumed: true, notes, profile: hooks.profile },
    );
    // A run of the first version has no such checkpoint yet, which its record will promise from now on.
    if (state === undefined) await run.save();
    await folder.writeRecord(run.record);
    await folder.writeConfig(configOfSettings(run.record.settings));
    return run;
  } catch (error) {
    await model.dispose().catch(() => undefined);
    throw error;
  }
}

/** The model of the newest good checkpoint; of a run that was killed before its first one, a new one. */
async function reopen(
  folder: RunFolder,
  before: RunRecord,
  settings: RunSettings,
  hooks: RunHooks,
): Promise<Checkpoint> {
  const engine = engineOptions(settings, hooks);
  const isNew = before.history.length === 0 && !(await folder.hasCheckpoint());
  if (!isNew) return folder.readCheckpoint(engine);
  const { modelFile } = settings;
  if (modelFile === undefined && !Object.hasOwn(applications, settings.model)) {
    throw new DataError(
      `run ${folder.path} was killed before its first step, and its model came from a program; delete it and begin anew.`,
    );
  }
  const model = buildModel(settings, before.data, {
    engine,
    stepsPerEpoch: stepsOfEpoch(before),
    ...(modelFile !== undefined && { model: await openTrainableModel(modelFile) }),
  });
  return { model, state: undefined, arrays: new Map() };
}

/** Gives the optimizer a constant rate, also one that has followed a schedule. */
async function setRate(
  model: Model,
  settings: RunSettings,
  before: RunRecord,
  hooks: RunHooks,
): Promise<void> {
  if (model.optimizer.schedule === undefined) {
    model.optimizer.learningRate = settings.learningRate;
    return;
  }
  const state = await model.optimizerState();
  const engine = engineOptions(settings, hooks);
  buildModel(settings, before.data, { engine, stepsPerEpoch: stepsOfEpoch(before), model });
  await model.setOptimizerState(state);
}

/** The same epochs, with the seconds that they took, which checkpoints do not tell. */
function withSeconds(
  history: readonly EpochRecord[],
  known: readonly EpochRecord[],
): readonly EpochRecord[] {
  return history.map(({ epoch, figures }) => {
    const seconds = known.find((one) => one.epoch === epoch)?.figures.seconds;
    return { epoch, figures: { ...figures, ...(seconds !== undefined && { seconds }) } };
  });
}
