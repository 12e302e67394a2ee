import type { Model } from '../../models/model.js';
import type { RunFolder } from '../run-folder.js';
import { type CheckpointState, encodeCheckpoint } from './checkpoint.js';
import type { CallbackArrays } from './run-callbacks.js';
import type { RunLog } from './run-log.js';
import type { CheckpointSettings } from './run-record.js';

const DEFAULT_MINUTES = 5;
const MINUTE = 60_000;

/** All of a checkpoint but the model. */
export interface SavedState extends CheckpointState {
  readonly arrays: CallbackArrays;
}

/** Saves a run while it trains: the log first, so that it never lacks what a checkpoint has seen. */
export class Checkpointer {
  readonly #folder: RunFolder;
  readonly #log: RunLog;
  readonly #settings: CheckpointSettings;
  #steps = 0;
  #last = performance.now();
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;

  /** @param folder of the run. @param log of the run. @param settings when it is saved within an epoch. */
  constructor(folder: RunFolder, log: RunLog, settings: CheckpointSettings = {}) {
    this.#folder = folder;
    this.#log = log;
    this.#settings = settings;
  }

  /**
   * To be called after each step: begins a checkpoint when it is time for one. Training waits for a copy of
   * the weights only; they are written while it goes on.
   * @throws DataError when the one before could not be written.
   */
  async afterStep(model: Model, state: () => SavedState): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#steps++;
    const { everySteps = Number.POSITIVE_INFINITY, everyMinutes = DEFAULT_MINUTES } =
      this.#settings;
    const isDue =
      this.#steps >= everySteps || performance.now() - this.#last >= everyMinutes * MINUTE;
    if (!isDue) return;
    await this.#writing;
    await this.#begin(model, state());
  }

  /** Saves now, and waits until it is on the disk. @throws DataError when it cannot be written. */
  async save(model: Model, state: SavedState): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    await this.#begin(model, state);
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits for what is being written, whether it succeeds or not. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  async #begin(model: Model, { arrays, ...state }: SavedState): Promise<void> {
    this.#steps = 0;
    this.#last = performance.now();
    const pieces = await encodeCheckpoint(model, state, arrays);
    this.#writing = this.#write(pieces).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    await this.#log.sync();
    await this.#folder.writeCheckpoint(pieces, this.#settings.keep);
  }
}
