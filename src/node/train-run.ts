import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findApplication } from '../applications/registry.js';
import { DivergenceError, ResiduumError, ValueError } from '../core/errors.js';
import { datasetRow } from '../data/catalog.js';
import type { StepProfile } from '../inspect/step-profile.js';
import { setRandomSeed } from '../layers/random-seed.js';
import type { Model } from '../models/model.js';
import type { Callback } from '../training/callback.js';
import { resolveOptimizer } from '../training/optimizers.js';
import type { DownloadProgress } from './data/download-dataset.js';
import { type LoadedDataset, loadDataset } from './data/load-dataset.js';
import { RunFolder } from './run-folder.js';
import { reportFailure, writeRunReport } from './run-report.js';
import { Recorder } from './runs/recorder.js';
import { checkResumable, checkSameData, engineNotes, positionOf } from './runs/resume-checks.js';
import type { RunEvent } from './runs/run-event.js';
import {
  BEGINNING,
  type EpochRecord,
  type Figures,
  type RunData,
  type RunPosition,
  type RunRecord,
  type RunSettings,
  stepsOfEpoch,
} from './runs/run-record.js';

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
}

/** What may change when a run goes on. */
export interface ResumeChanges {
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly dataDir?: string;
  readonly executor?: 'cpu' | 'reference';
  readonly replicas?: number;
  readonly gemm?: 'onnxruntime' | 'wasm';
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
  const { model: given } = hooks;
  const build = given === undefined ? findApplication(settings.model).build : () => given;
  const { classNames, imageShape } = datasetRow(settings.dataset);
  const kept = hooks.keepOptimizer === true && given?.compiled === true ? given : undefined;
  const optimizer = kept?.optimizer ?? makeOptimizer(settings);
  const state = await kept?.optimizerState();
  if (out !== undefined) await RunFolder.checkFree(out);
  const data = await load(settings, hooks);
  setRandomSeed(settings.seed);
  const model = build({ inputShape: imageShape, classes: classNames.length });
  const { executor, replicas, gemm } = settings;
  const metrics = ['accuracy'] as const;
  const engineOptions = { executor, replicas, gemm, profile: hooks.profile };
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics, ...engineOptions });
  if (state !== undefined) await model.setOptimizerState(state);
  let folder: RunFolder | undefined;
  try {
    const engine = (await model.executor()).description;
    signal?.throwIfAborted();
    folder = await RunFolder.create(out, `${settings.model}-${settings.dataset}`);
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
      },
      data: describe(data),
      parameters: model.countParams(),
      engine,
      position: BEGINNING,
      stepsBefore: state?.iterations,
      history: [],
    };
    await folder.writeModel(model);
    await folder.writeRecord(record);
    signal?.throwIfAborted();
    return new TrainingRun(folder, record, model, data, {
      resumed: false,
      notes: [],
      profile: hooks.profile,
    });
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
  const folder = await RunFolder.open(path);
  const before = await folder.readRecord();
  const settings: RunSettings = {
    ...before.settings,
    ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
    ...(changes.dataDir !== undefined && { dataDir: resolve(changes.dataDir) }),
  };
  checkResumable(path, before, changes.learningRate, settings);
  const data = await load(settings, hooks);
  checkSameData(path, before.data, data);
  const { executor, replicas, gemm } = settings;
  const model = await folder.readModel({ executor, replicas, gemm, profile: hooks.profile });
  if (changes.learningRate !== undefined) model.optimizer.learningRate = changes.learningRate;
  try {
    const engine = (await model.executor()).description;
    const { iterations } = await model.optimizerState();
    const place = positionOf(before, iterations);
    if (place.position.epoch > settings.epochs) {
      throw new ValueError(
        `run ${path} has done ${place.position.epoch} epochs already; give more than that as --epochs.`,
      );
    }
    const record: RunRecord = {
      ...before,
      status: 'running',
      failure: undefined,
      test: undefined,
      updated: new Date().toISOString(),
      versions: versions(),
      settings: { ...settings, replicas: engine.replicas },
      engine,
      position: place.position,
    };
    await folder.writeRecord(record);
    const notes = [...place.notes, ...engineNotes(before, record)];
    return new TrainingRun(folder, record, model, data, {
      resumed: true,
      notes,
      profile: hooks.profile,
    });
  } catch (error) {
    await model.dispose().catch(() => undefined);
    throw error;
  }
}

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
    origin: { resumed: boolean; notes: readonly string[]; profile?: boolean },
  ) {
    this.#folder = folder;
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
   * Trains to the end of the last epoch, saving after each, then measures on the test images. Called
   * once; the executor is gone afterwards.
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
    const emit = async (event: RunEvent) => {
      if (event.event === 'batch') this.#steps++;
      options.onEvent?.(event);
      await this.#folder.log(event);
    };
    try {
      await emit(this.#startEvent());
      const outcome = await this.#trainAndTest(emit, callbacks, signal);
      await this.#keepProfiles(emit);
      if (outcome.status === 'done' && options.report !== false) await this.#writeReport();
      await emit(this.#endEvent(outcome));
      return outcome;
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      // What failed before matters more than a failure to end workers.
      await this.model.dispose().catch(() => undefined);
    }
  }

  /** Leaves the run as it stands, for `resumeRun`; the executor is gone afterwards. Instead of `train`. */
  async leave(): Promise<void> {
    try {
      await this.#write({ status: 'interrupted' });
    } finally {
      await this.model.dispose();
    }
  }

  /** Path of the report, once it is written. */
  get report(): string | undefined {
    return this.#report;
  }

  /** Why there is no report, where it failed. */
  get reportError(): string | undefined {
    return this.#reportError;
  }

  /** The run is done and saved already: whatever happens to the report, it stays so. */
  async #writeReport(): Promise<void> {
    try {
      const { file } = await writeRunReport(
        this.#folder,
        this.#record,
        this.model,
        this.data.test,
        {
          seconds: REPORT_SECONDS,
        },
      );
      this.#report = file;
    } catch (error) {
      this.#reportError = reportFailure(error);
    }
  }

  async #trainAndTest(
    emit: (event: RunEvent) => Promise<void>,
    callbacks: readonly Callback[],
    signal: AbortSignal | undefined,
  ): Promise<RunOutcome> {
    const { model, data } = this;
    const { epochs, batchSize, seed } = this.#record.settings;
    const { epoch, ...position } = this.#record.position;
    const recorder = new Recorder(emit, signal, (done, figures) => this.#saveEpoch(done, figures));
    try {
      if (epoch < epochs) {
        const history = await model.fit(data.train, {
          epochs,
          batchSize,
          seed,
          validationData: data.validation,
          initialEpoch: epoch,
          ...(position.batch > 0 && {
            initialPosition: { ...position, sums: { ...position.sums } },
          }),
          verbose: false,
          callbacks: [...callbacks, recorder],
        });
        if (history.stoppedAt !== undefined) {
          return await this.#stop({ epoch: recorder.epoch, ...history.stoppedAt });
        }
      }
      signal?.throwIfAborted();
      const all = [...callbacks, new Recorder(async () => undefined, signal)];
      const test = await model.evaluate(data.test, { batchSize, callbacks: all });
      await this.#write({ status: 'done', test });
      return { status: 'done', validation: this.#lastValidation(), test };
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error;
      const trained = recorder.unvalidated;
      if (trained === undefined) return await this.#stop(this.#record.position);
      const batch = stepsOfEpoch(this.#record);
      return await this.#stop({ epoch: recorder.epoch, batch, ...trained });
    }
  }

  async #keepProfiles(emit: (event: RunEvent) => Promise<void>): Promise<void> {
    if (!this.#isProfiling) return;
    this.#profiles = await this.model.profiles();
    const file = await this.#folder.writeProfile(this.#profiles);
    const main = mainProfile(this.#profiles);
    if (main === undefined) return;
    const { calls: _, ...step } = main;
    await emit({ event: 'profile', file, step });
  }

  async #saveEpoch(epoch: number, figures: Figures): Promise<void> {
    const history = [...this.#record.history, { epoch: epoch + 1, figures }];
    await this.#save({ position: { ...BEGINNING, epoch: epoch + 1 }, history });
  }

  async #stop(position: RunPosition): Promise<RunOutcome> {
    const changed = position !== this.#record.position;
    await (changed
      ? this.#save({ status: 'interrupted', position })
      : this.#write({ status: 'interrupted' }));
    return { status: 'interrupted', position };
  }

  async #save(changes: Partial<RunRecord>): Promise<void> {
    await this.#folder.writeModel(this.model);
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
      await this.#folder.remove();
      return;
    }
    const code = error instanceof ResiduumError ? error.code : 'E_INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    const failure = { code, message: message.slice(0, 1000) };
    await this.#write({ status: 'failed', failure }).catch(() => undefined);
    await this.#folder.log({ event: 'error', ...failure }).catch(() => undefined);
  }

  #lastValidation(): Figures {
    const last: EpochRecord | undefined = this.#record.history.at(-1);
    const { valLoss, valAccuracy } = last?.figures ?? {};
    return { ...(valLoss !== undefined && { loss: valLoss, accuracy: valAccuracy }) };
  }

  #startEvent(): RunEvent {
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

/** The profile of the step that took most of the time: of those that train, unless a run only tested. */
export function mainProfile(profiles: readonly StepProfile[]): StepProfile | undefined {
  const whole = ({ runs, milliseconds }: StepProfile) => runs * milliseconds;
  const trains = ({ kernels }: StepProfile) => kernels.some(({ phases }) => phases.update > 0);
  const rank = (a: StepProfile, b: StepProfile) =>
    Number(trains(b)) - Number(trains(a)) || whole(b) - whole(a);
  return [...profiles].sort(rank).at(0);
}

function makeOptimizer({ optimizer, learningRate, weightDecay }: RunSettings) {
  return resolveOptimizer(optimizer, { learningRate, weightDecay });
}

async function load(settings: RunSettings, hooks: RunHooks): Promise<LoadedDataset> {
  const { dataset, dataDir, limit } = settings;
  const { signal, onDownload } = hooks;
  try {
    const data = await loadDataset(dataset, { dataDir, limit, signal, onProgress: onDownload });
    signal?.throwIfAborted();
    return data;
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

function versions(): RunRecord['versions'] {
  return { residuum: residuumVersion(), node: process.version };
}

/** Version of this package; seen from `dist/src/node/`. */
export function residuumVersion(): string {
  const path = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}
