import { resolve } from 'node:path';
import { applications, findApplication } from '../applications/registry.js';
import { DataError, DivergenceError, ResiduumError, ValueError } from '../core/errors.js';
import type { StepProfile } from '../inspect/step-profile.js';
import type { Model } from '../models/model.js';
import type { Callback } from '../training/callback.js';
import { configOfSettings } from './config/settings-of-config.js';
import type { DownloadProgress } from './data/download-dataset.js';
import { type LoadedDataset, loadDataset } from './data/load-dataset.js';
import type { FileSystem } from './files.js';
import { describeMachine } from './machine.js';
import { readPackageJson } from './package-file.js';
import { evaluateAs, withEvaluatedWeights } from './run-evaluation.js';
import { RunFolder } from './run-folder.js';
import { reportFailure, writeRunReport } from './run-report.js';
import { augmentTraining, buildModel, checkClassWeights } from './runs/build-model.js';
import type { Checkpoint, TrainingPhase } from './runs/checkpoint.js';
import { Checkpointer, type SavedState } from './runs/checkpointer.js';
import { Recorder } from './runs/recorder.js';
import { checkResumable, checkSameData, engineNotes, positionOf } from './runs/resume-checks.js';
import { RunCallbacks } from './runs/run-callbacks.js';
import type { RunEvent, RunProfileEvent, RunStartEvent } from './runs/run-event.js';
import type { RunLog } from './runs/run-log.js';
import {
  BEGINNING,
  type CheckpointSettings,
  type EpochRecord,
  type Figures,
  type RunData,
  type RunMachine,
  type RunPosition,
  type RunRecord,
  type RunSettings,
  stepsOfEpoch,
} from './runs/run-record.js';
import { openTrainableModel } from './trainable-model.js';

export type { RunEvent } from './runs/run-event.js';
export type { Figures, RunData, RunPosition, RunRecord, RunSettings } from './runs/run-record.js';

/** What a run is told besides its settings. */
export interface RunHooks {
  /** Asks the run to stop: it finishes the step under way and saves. */
  readonly signal?: AbortSignal;
  /** Hears of a download of the data. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Whether the run takes the time of every kernel call; default false. */
  readonly profile?: boolean;
  /** The model to train, instead of the ready-made network that the settings name. */
  readonly model?: Model;
  /** Whether that model goes on with the optimizer that it was compiled with, and its state; default false. */
  readonly keepOptimizer?: boolean;
  /** What was typed to begin the run, cut to 4,096 characters, and the recipe that it is of. */
  readonly command?: string;
  readonly recipe?: string;
  /** Who keeps the run's files; the machine unless a test says otherwise. */
  readonly files?: FileSystem;
}

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

/** How a run ended. */
export type RunOutcome =
  | { readonly status: 'done'; readonly validation: Figures; readonly test: Figures }
  | { readonly status: 'interrupted'; readonly position: RunPosition };

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
  const data = await load(settings, hooks);
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
      versions: versions(),
      settings: {
        ...settings,
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
      data: describe(data),
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
      callbacks: new RunCallbacks(settings.callbacks ?? [], folder.path, false),
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

/**
 * Prepares to go on with a run that was interrupted, was killed or failed, or that shall have more
 * epochs. With the same engine, the weights become those of a run that was never interrupted.
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
  const settings: RunSettings = {
    ...before.settings,
    ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
    ...(changes.dataDir !== undefined && { dataDir: resolve(changes.dataDir) }),
    checkpoint: { ...before.settings.checkpoint, ...changes.checkpoint },
  };
  checkResumable(path, before, changes.learningRate, settings);
  const data = await load(settings, hooks);
  checkSameData(path, before.data, data);
  const { model, state, arrays } = await reopen(folder, before, settings, hooks);
  if (changes.learningRate !== undefined) model.optimizer.learningRate = changes.learningRate;
  try {
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
      logSha256: undefined,
      updated: new Date().toISOString(),
      versions: versions(),
      settings: { ...settings, replicas: engine.replicas },
      engine,
      position,
      history: withSeconds(place.history, before.history),
    };
    notes.push(...engineNotes(before, record));
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

function engineOptions({ executor, replicas, gemm }: RunSettings, { profile }: RunHooks) {
  return { executor, replicas, gemm, profile };
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

/**
 * Lets the executor forget the graph that it may have made of the present weights. Whether the first batch
 * of a test goes by kernels or by a graph, which round differently, must not depend on whether the same
 * process has validated these weights.
 */
async function forgetGraphs(model: Model): Promise<void> {
  const [first] = model.namedVariables;
  first?.variable.accept(await first.variable.read());
}

const LONGEST_COMMAND = 4096;

/** How long the report at the end of a run may classify test images; `residuum report` takes all. */
const REPORT_SECONDS = 2;

/** A run that is ready to train. */
export class TrainingRun {
  readonly model: Model;
  readonly data: LoadedDataset;
  /** Whether it is an earlier run that goes on. */
  readonly resumed: boolean;
  /** Sentences for the person at the terminal about what may be unexpected. */
  readonly notes: readonly string[];
  readonly #folder: RunFolder;
  readonly #log: RunLog;
  readonly #checkpointer: Checkpointer;
  readonly #callbacks: RunCallbacks;
  #phase: TrainingPhase;
  readonly #isProfiling: boolean;
  #record: RunRecord;
  /** Steps that this process has done. */
  #steps = 0;
  #profiles: readonly StepProfile[] = [];

  #report: string | undefined;
  #reportError: string | undefined;

  /** For `startRun` and `resumeRun`. */
  constructor(
    folder: RunFolder,
    record: RunRecord,
    model: Model,
    data: LoadedDataset,
    origin: {
      log: RunLog;
      callbacks: RunCallbacks;
      phase?: TrainingPhase;
      resumed: boolean;
      notes: readonly string[];
      profile?: boolean;
    },
  ) {
    this.#callbacks = origin.callbacks;
    this.#phase = origin.phase ?? 'training';
    this.#folder = folder;
    this.#log = origin.log;
    this.#checkpointer = new Checkpointer(folder, origin.log, record.settings.checkpoint);
    this.#record = record;
    this.model = model;
    this.data = data;
    this.resumed = origin.resumed;
    this.notes = origin.notes;
    this.#isProfiling = origin.profile === true;
  }

  /** Path of the run's folder. */
  get path(): string {
    return this.#folder.path;
  }

  /** What `run.json` says at present. */
  get record(): RunRecord {
    return this.#record;
  }

  /** Where the time of the steps went, once training is over; empty unless the run was asked for it. */
  get profiles(): readonly StepProfile[] {
    return this.#profiles;
  }

  /**
   * Trains to the end of the last epoch, saving after each and as the settings say within it, then measures
   * on the test images. Called once; the executor is gone afterwards.
   * @param onEvent hears of every event; `callbacks` are those of `fit`; `report` is whether a run that is
   * done gets a report, by default yes.
   * @throws {DivergenceError} when the loss is no longer finite; the weights saved last stay.
   */
  async train(options: {
    signal?: AbortSignal;
    callbacks?: readonly Callback[];
    onEvent?: (event: RunEvent) => void;
    report?: boolean;
  }): Promise<RunOutcome> {
    const { signal, callbacks = [] } = options;
    const tell = (event: RunEvent) => options.onEvent?.(event);
    try {
      const start = this.#startEvent();
      // A log that goes on is that of a run that was never interrupted: it has begun already.
      if (this.#log.isEmpty) await this.#log.append({ ...start, resumed: false });
      tell(start);
      const outcome = await this.#trainAndTest(tell, callbacks, signal);
      const profile = await this.#keepProfiles();
      if (profile !== undefined) {
        await this.#log.append(profile);
        tell(profile);
      }
      if (outcome.status === 'done' && options.report !== false) await this.#writeReport();
      const end = this.#endEvent(outcome);
      await this.#log.append(end);
      await this.#log.sync();
      if (outcome.status === 'done') {
        this.#record = { ...this.#record, logSha256: await this.#log.readDigest() };
        await this.#folder.writeRecord(this.#record);
      }
      tell(end);
      return outcome;
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      await this.#release();
    }
  }

  /** Leaves the run as it stands, for `resumeRun`; the executor is gone afterwards. Instead of `train`. */
  async leave(): Promise<void> {
    try {
      await this.#write({ status: 'interrupted' });
    } finally {
      await this.#release();
    }
  }

  /** Saves the run as it stands; for `startRun` and `resumeRun`. @throws DataError when it cannot be. */
  async save(): Promise<void> {
    await this.#checkpointer.save(this.model, this.#state(this.#record.position));
  }

  /** What failed before matters more than a failure to end workers or to remove a lock. */
  async #release(): Promise<void> {
    await this.#checkpointer.settle();
    await this.#log.close().catch(() => undefined);
    await this.model.dispose().catch(() => undefined);
    await this.#folder.unlock().catch(() => undefined);
  }

  /** Path of the report, once it is written. */
  get report(): string | undefined {
    return this.#report;
  }

  /** Why there is no report, where it failed. */
  get reportError(): string | undefined {
    return this.#reportError;
  }

  /** Whatever happens to the report, the run is done. */
  async #writeReport(): Promise<void> {
    const { evaluate = {} } = this.#record.settings;
    const write = () =>
      writeRunReport(this.#folder, this.#record, this.model, this.data.test, {
        seconds: REPORT_SECONDS,
      });
    try {
      this.#report = (await withEvaluatedWeights(evaluate, this.model, write)).file;
    } catch (error) {
      this.#reportError = reportFailure(error);
    }
  }

  async #trainAndTest(
    tell: (event: RunEvent) => void,
    callbacks: readonly Callback[],
    signal: AbortSignal | undefined,
  ): Promise<RunOutcome> {
    const { model, data } = this;
    const { epochs, batchSize, seed, classWeights, evaluate = {} } = this.#record.settings;
    const { epoch, ...position } = this.#record.position;
    const recorder = new Recorder(signal, {
      onStep: async (event, place) => {
        this.#steps++;
        await this.#log.append(event);
        tell(event);
        await this.#checkpointer.afterStep(model, () => this.#state(place));
      },
      onStop: (place) => this.#save({ position: place }),
      onEpoch: async ({ event, position: place, figures, ended }) => {
        // The log first: a checkpoint promises it.
        await this.#log.append(event);
        if (ended) this.#phase = 'ended';
        await this.#saveEpoch(place, figures);
        tell(event);
      },
    });
    let isTrained = false;
    try {
      const own = this.#callbacks.list;
      const isLeft = this.#phase === 'training' && epoch < epochs;
      // With nothing left to train, callbacks do what they do at the end.
      if (isLeft || (own.length > 0 && this.#phase !== 'finished')) {
        await model.fit(data.train, {
          epochs: isLeft ? epochs : epoch,
          batchSize,
          seed,
          validationData: data.validation,
          validationWeights: evaluate.weights === 'ema' ? 'ema' : 'current',
          ...(classWeights && { classWeight: classWeights }),
          initialEpoch: epoch,
          ...(position.batch > 0 && {
            initialPosition: { ...position, sums: { ...position.sums } },
          }),
          verbose: false,
          callbacks: [...callbacks, ...own, recorder],
        });
        isTrained = true;
        signal?.throwIfAborted();
        const { position: reached = this.#record.position } = recorder;
        if (this.#phase === 'training' && reached.epoch < epochs) return await this.#stop(reached);
        if (own.length > 0) {
          if (evaluate.weights === 'swa') {
            await this.#callbacks.applyAverages(model, data.train, batchSize);
          }
          this.#phase = 'finished';
          await this.#save({ position: reached });
        }
      }
      signal?.throwIfAborted();
      await forgetGraphs(model);
      const all = [...callbacks, new Recorder(signal)];
      const options = { batchSize, seed, callbacks: all };
      const test = await evaluateAs(evaluate, model, data.test, options);
      // Written once the log has its end.
      this.#record = { ...this.#record, status: 'done', test, updated: new Date().toISOString() };
      return { status: 'done', validation: this.#lastValidation(), test };
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error;
      const { position: reached } = recorder;
      if (!isTrained && reached !== undefined) return await this.#stop(reached);
      // Saved already, before callbacks did what they do at the end.
      await this.#write({ status: 'interrupted' });
      return { status: 'interrupted', position: this.#record.position };
    }
  }

  async #keepProfiles(): Promise<RunProfileEvent | undefined> {
    if (!this.#isProfiling) return undefined;
    this.#profiles = await this.model.profiles();
    const file = await this.#folder.writeProfile(this.#profiles);
    const main = mainProfile(this.#profiles);
    if (main === undefined) return undefined;
    const { calls: _, ...step } = main;
    return { event: 'profile', file, step };
  }

  #state(position: RunPosition): SavedState {
    return {
      position,
      history: this.#record.history,
      log: this.#log.mark,
      callbacks: this.#callbacks.states(),
      phase: this.#phase,
      arrays: this.#callbacks.arrays(),
    };
  }

  async #saveEpoch(position: RunPosition, figures: Figures): Promise<void> {
    const history = [...this.#record.history, { epoch: position.epoch, figures }];
    await this.#save({ position, history });
  }

  async #stop(position: RunPosition): Promise<RunOutcome> {
    await this.#save({ status: 'interrupted', position });
    return { status: 'interrupted', position };
  }

  async #save(changes: Partial<RunRecord> & { readonly position: RunPosition }): Promise<void> {
    this.#record = { ...this.#record, ...changes };
    await this.#checkpointer.save(this.model, this.#state(changes.position));
    await this.#write(changes);
  }

  async #write(changes: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...changes, updated: new Date().toISOString() };
    await this.#folder.writeRecord(this.#record);
  }

  /**
   * Notes the failure where possible; the failure itself is what the caller hears of. A new run that
   * failed before its first step leaves nothing behind.
   */
  async #fail(error: unknown): Promise<void> {
    if (!this.resumed && this.#steps === 0 && !(error instanceof DivergenceError)) {
      await this.#log.close().catch(() => undefined);
      await this.#folder.remove();
      return;
    }
    const code = error instanceof ResiduumError ? error.code : 'E_INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    const failure = { code, message: message.slice(0, 1000) };
    await this.#write({ status: 'failed', failure }).catch(() => undefined);
    await this.#log.append({ event: 'error', ...failure }).catch(() => undefined);
  }

  #lastValidation(): Figures {
    const last: EpochRecord | undefined = this.#record.history.at(-1);
    const { valLoss, valAccuracy } = last?.figures ?? {};
    return { ...(valLoss !== undefined && { loss: valLoss, accuracy: valAccuracy }) };
  }

  #startEvent(): RunStartEvent {
    const { settings, data, parameters, engine, position } = this.#record;
    return {
      event: 'start',
      run: this.path,
      model: settings.model,
      parameters,
      data,
      ...engine,
      settings,
      epoch: position.epoch + 1,
      samples: position.samples,
      resumed: this.resumed,
    };
  }

  #endEvent(outcome: RunOutcome): RunEvent {
    const run = this.path;
    if (outcome.status === 'done') {
      const { loss, accuracy } = outcome.test;
      return {
        event: 'end',
        status: 'done',
        run,
        testLoss: loss,
        testAccuracy: accuracy,
        ...(this.#report !== undefined && { report: this.#report }),
        ...(this.#reportError !== undefined && { reportError: this.#reportError }),
      };
    }
    const { epoch, samples } = outcome.position;
    return { event: 'end', status: 'interrupted', run, epoch: epoch + 1, samples };
  }
}

/** The profile of the step that most samples went through: of those that train, unless a run only tested. */
export function mainProfile(profiles: readonly StepProfile[]): StepProfile | undefined {
  const whole = ({ runs, samples }: StepProfile) => runs * samples;
  const trains = ({ kernels }: StepProfile) => kernels.some(({ phases }) => phases.update > 0);
  const rank = (a: StepProfile, b: StepProfile) =>
    Number(trains(b)) - Number(trains(a)) || whole(b) - whole(a);
  return [...profiles].sort(rank).at(0);
}

async function load(settings: RunSettings, hooks: RunHooks): Promise<LoadedDataset> {
  const { signal, onDownload } = hooks;
  try {
    const options = { signal, onProgress: onDownload };
    const data = await loadDataset(settings.dataset, { ...settings, ...options });
    signal?.throwIfAborted();
    return augmentTraining(data, settings);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function describe({ info, train, validation, test }: LoadedDataset): RunData {
  const { name, title, origin, where, imageShape, classNames } = info;
  const counts = { train: train.size, validation: validation.size, test: test.size };
  return { name, title, origin, where, imageShape, classNames, ...counts };
}

function describeThisMachine(): RunMachine {
  const { processor, cores, platform } = describeMachine();
  return { processor, cores, platform };
}

function versions(): RunRecord['versions'] {
  return { residuum: residuumVersion(), node: process.version };
}

/** Version of this package. */
export function residuumVersion(): string {
  const { version } = readPackageJson('package.json') as { version: string };
  return version;
}
