import { DivergenceError } from '../../core/errors.js';
import type { Callback, Logs } from '../../training/callback.js';
import type { RunEvent } from './run-event.js';
import type { Figures } from './run-record.js';

/** Turns the hooks of `fit` into events and saves, and stops where the signal asks for it. */
export class Recorder implements Callback {
  /** The epoch under way, from 0. */
  epoch = 0;
  /** Samples and sums of an epoch whose steps are done, but not its validation. */
  unvalidated: { samples: number; sums: Record<string, number> } | undefined;
  readonly #emit: (event: RunEvent) => Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #saveEpoch: ((epoch: number, figures: Figures) => Promise<void>) | undefined;
  #control: { stopTraining: boolean } = { stopTraining: false };
  #logs: Logs = {};

  constructor(
    emit: (event: RunEvent) => Promise<void>,
    signal: AbortSignal | undefined,
    saveEpoch?: (epoch: number, figures: Figures) => Promise<void>,
  ) {
    this.#emit = emit;
    this.#signal = signal;
    this.#saveEpoch = saveEpoch;
  }

  setModel(control: { stopTraining: boolean }): void {
    this.#control = control;
  }

  onEpochBegin(epoch: number): void {
    this.epoch = epoch;
  }

  async onTrainBatchEnd(_batch: number, logs: Logs): Promise<void> {
    this.#logs = logs;
    const { samples, loss, accuracy, imagesPerSecond } = logs;
    const epoch = this.epoch + 1;
    await this.#emit({ event: 'batch', epoch, samples, loss, accuracy, imagesPerSecond });
    if (this.#signal?.aborted === true) this.#control.stopTraining = true;
  }

  onTestBegin(): void {
    const { samples, imagesPerSecond: _, ...means } = this.#logs;
    if (samples === undefined) return;
    const sums = Object.entries(means).map(([name, mean]) => [name, mean * samples]);
    this.unvalidated = { samples, sums: Object.fromEntries(sums) };
  }

  onTestBatchEnd(): void {
    this.#signal?.throwIfAborted();
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { loss, accuracy, valLoss, valAccuracy, seconds } = logs;
    if (!Number.isFinite(valLoss)) {
      throw new DivergenceError(
        `the validation loss became ${valLoss} after epoch ${epoch + 1}; use a lower learning rate`,
      );
    }
    await this.#saveEpoch?.(epoch, { ...logs });
    this.unvalidated = undefined;
    this.#logs = {};
    await this.#emit({
      event: 'epoch',
      epoch: epoch + 1,
      loss,
      accuracy,
      valLoss,
      valAccuracy,
      seconds,
    });
    if (this.#signal?.aborted === true) this.#control.stopTraining = true;
  }
}
