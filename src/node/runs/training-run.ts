import { DivergenceError, ResiduumError } from '../../core/errors.js';
import type { StepProfile } from '../../inspect/step-profile.js';
import type { Model } from '../../models/model.js';
import type { Callback } from '../../training/callback.js';
import type { LoadedDataset } from '../data/load-dataset.js';
import { evaluateAs, validatesOtherwise, withEvaluatedWeights } from '../run-evaluation.js';
import type { RunFolder } from '../run-folder.js';
import { reportFailure, writeRunReport } from '../run-report.js';
import type { TrainingPhase } from './checkpoint.js';
import { Checkpointer, type SavedState } from './checkpointer.js';
import { mainProfile } from './main-profile.js';
import { endEvent, startEvent } from './make-events.js';
import { Recorder } from './recorder.js';
import type { RunCallbacks } from './run-callbacks.js';
import type { RunEvent, RunOutcome, RunProfileEvent } from './run-event.js';
import type { RunLog } from './run-log.js';
import type { EpochRecord, Figures, RunPosition, RunRecord } from './run-record.js';

/** How long the report at the end of a run may classify test images; `residuum report` takes all. */
const REPORT_SECONDS = 2;

/**
 * Lets the executor forget the graph that it may have made of the present weights. Whether the first batch
 * of a test goes by kernels or by a graph, which round differently, must not depend on whether the same
 * process has validated these weights.
 */
async function forgetGraphs(model: Model): Promise<void> {
  const [first] = model.namedVariables;
  first?.variable.accept(await first.variable.read());
}

/** What a record cannot hold must not end in it. */
function requireFinite({ loss }: Figures, what: string): void {
  if (Number.isFinite(loss)) return;
  throw new DivergenceError(`the ${what} loss became ${loss}; use a lower learning rate`);
}

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
      const start = startEvent(this.path, this.#record, this.resumed);
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
      const end = endEvent(this.path, outcome, this);
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
      const validation = validatesOtherwise(evaluate)
        ? await evaluateAs(evaluate, model, data.validation, options)
        : undefined;
      requireFinite(test, 'test');
      if (validation !== undefined) requireFinite(validation, 'validation');
      // Written once the log has its end.
      const updated = new Date().toISOString();
      this.#record = { ...this.#record, status: 'done', test, validation, updated };
      return { status: 'done', validation: validation ?? this.#lastValidation(), test };
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
}
