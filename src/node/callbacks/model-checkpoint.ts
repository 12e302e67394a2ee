import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError, ValueError } from '../../core/errors.js';
import { Model } from '../../models/model.js';
import type { Logs, NamedCallback, TrainingControl } from '../../training/callback.js';
import { Monitor, type MonitorOptions } from '../../training/callbacks/monitor.js';
import { readState, requireCount } from '../../training/callbacks/state-checks.js';
import { requirePositive } from '../../training/schedules/option-checks.js';
import { systemReason } from '../files.js';
import { saveModel } from '../model-files.js';
import { FileNameTemplate } from './file-name-template.js';

/** Options of `modelCheckpoint`, with Keras's names and defaults where Keras has them. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /**
   * Path of the files, with epoch, batch (both from 1) and figures in it if wished, such as
   * `checkpoints/{epoch:02d}-{valLoss:.3f}.safetensors`. Its ending decides the format, as in `saveModel`.
   */
  filepath: string;
  /** Whether only epochs with a better figure are saved; default false. */
  saveBestOnly?: boolean;
  /** Figure that the first one has to surpass; default none. */
  initialValueThreshold?: number;
  /** `epoch` (default): after each; a number: after so many steps. */
  saveFreq?: 'epoch' | number;
  /** Saves when so many minutes have gone by, after the step under way; then not after epochs. */
  everyMinutes?: number;
  /** How many of the files that it wrote stay, the newest ones; default all. */
  keepLast?: number;
}

/** A callback that saves the model. */
export interface ModelCheckpoint extends NamedCallback {
  /** Files that it wrote and that are still there, the oldest first. */
  readonly files: readonly string[];
  /** Best figure so far. */
  readonly best: number | undefined;
}

/**
 * Saves the model while it trains, as Keras's `ModelCheckpoint`, with the optimizer's state: `loadModel` and
 * `fit` go on from any of the files. A file appears whole or not at all.
 * @throws {ValueError} for options out of range; from `fit`, for a figure that there is not.
 * @throws {DataError} from `fit`, when a file cannot be written.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): ModelCheckpoint {
  return new Checkpointer(options);
}

class Checkpointer implements ModelCheckpoint {
  readonly name = 'modelCheckpoint';
  best: number | undefined;
  readonly #files: string[] = [];
  readonly #filepath: string;
  /** The folder of the files as the template names it, which is where they are, not what they are. */
  readonly #folder: string;
  readonly #template: FileNameTemplate;
  readonly #monitor: Monitor;
  readonly #bestOnly: boolean;
  readonly #threshold: number | undefined;
  readonly #steps: number | undefined;
  readonly #everyMinutes: number | undefined;
  readonly #perEpoch: boolean;
  readonly #keepLast: number;
  #model: Model | undefined;
  #epoch = 0;
  #stepsSince = 0;
  #savedAt = 0;

  constructor(options: ModelCheckpointOptions) {
    const { filepath, saveFreq, everyMinutes, keepLast } = options;
    if (typeof filepath !== 'string' || filepath === '') {
      throw new ValueError(
        `${this.name}: filepath must be a path, got ${JSON.stringify(filepath)}`,
      );
    }
    this.#filepath = filepath;
    this.#folder = /^.*[\\/]/.exec(filepath.split('{')[0])?.[0] ?? '';
    this.#template = new FileNameTemplate(filepath);
    this.#monitor = new Monitor(this.name, options);
    this.#bestOnly = options.saveBestOnly === true;
    this.#threshold = options.initialValueThreshold ?? undefined;
    this.best = this.#threshold;
    this.#perEpoch = saveFreq === 'epoch' || (saveFreq === undefined && everyMinutes === undefined);
    if (typeof saveFreq === 'number') {
      this.#steps = requireCount(saveFreq, 1, `${this.name}: saveFreq`);
    } else if (saveFreq !== undefined && saveFreq !== 'epoch') {
      throw new ValueError(`${this.name}: saveFreq must be 'epoch' or a number of steps`);
    }
    if (everyMinutes !== undefined) {
      this.#everyMinutes = requirePositive(everyMinutes, `${this.name}: everyMinutes`);
    }
    this.#keepLast =
      keepLast === undefined
        ? Number.POSITIVE_INFINITY
        : requireCount(keepLast, 1, `${this.name}: keepLast`);
  }

  get files(): readonly string[] {
    return this.#files;
  }

  setModel(control: TrainingControl): void {
    if (!(control instanceof Model)) {
      throw new ValueError(`${this.name} saves models, and can only be a callback of Model.fit`);
    }
    this.#model = control;
  }

  onTrainBegin(): void {
    this.#savedAt = performance.now();
  }

  onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  async onTrainBatchEnd(batch: number, logs: Logs): Promise<void> {
    this.#stepsSince++;
    const isStep = this.#steps !== undefined && this.#stepsSince >= this.#steps;
    const minutes = (performance.now() - this.#savedAt) / 60_000;
    const isTime = this.#everyMinutes !== undefined && minutes >= this.#everyMinutes;
    if (isStep || isTime) await this.#save({ ...logs, epoch: this.#epoch + 1, batch: batch + 1 });
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if (this.#perEpoch) await this.#save({ ...logs, epoch: epoch + 1 });
  }

  getConfig(): Record<string, unknown> {
    const threshold = this.#threshold;
    const everyMinutes = this.#everyMinutes;
    const saveFreq = this.#perEpoch ? 'epoch' : this.#steps;
    return {
      filepath: this.#filepath,
      ...this.#monitor.getConfig(),
      saveBestOnly: this.#bestOnly,
      ...(threshold !== undefined && { initialValueThreshold: threshold }),
      ...(saveFreq !== undefined && { saveFreq }),
      ...(everyMinutes !== undefined && { everyMinutes }),
      ...(Number.isFinite(this.#keepLast) && { keepLast: this.#keepLast }),
    };
  }

  getState(): unknown {
    const files = this.#files.map((path) => path.slice(this.#folder.length));
    return { best: this.best ?? null, stepsSince: this.#stepsSince, files };
  }

  setState(state: unknown): void {
    const { best, stepsSince } = readState(this.name, state, ['stepsSince'], ['best']);
    const { files } = state as { files?: unknown };
    const names = Array.isArray(files) ? files.filter((one) => typeof one === 'string') : [];
    this.best = best;
    this.#stepsSince = stepsSince;
    // A state may come from a file that nobody vouches for, and old checkpoints are removed.
    const isOurs = (path: string) => this.#template.fits(path);
    // Older states have whole paths.
    const paths = names.map((name) => (isOurs(name) ? name : `${this.#folder}${name}`));
    this.#files.splice(0, this.#files.length, ...paths.filter(isOurs));
  }

  async #save(figures: Logs): Promise<void> {
    const model = this.#model;
    if (model === undefined) return;
    this.#stepsSince = 0;
    this.#savedAt = performance.now();
    if (this.#bestOnly) {
      const value = this.#monitor.read(figures);
      if (!this.#monitor.isBetter(value, this.best)) return;
      this.best = value;
    }
    const path = this.#template.path(figures);
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      throw new DataError(`cannot write ${path}: ${systemReason(error)}.`);
    }
    await saveModel(model, path);
    const before = this.#files.indexOf(path);
    if (before >= 0) this.#files.splice(before, 1);
    this.#files.push(path);
    while (this.#files.length > this.#keepLast) {
      const oldest = this.#files.shift();
      if (oldest !== undefined) await rm(oldest, { force: true });
    }
  }
}
