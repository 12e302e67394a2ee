import { DivergenceError } from '../../core/errors.js';
import type { Callback, Logs, RunPlan } from '../../training/callback.js';
import type { RunBatchEvent, RunEpochEvent } from './run-event.js';
import type { Figures, RunPosition } from './run-record.js';

/** What a recorder tells of. */
export interface RecorderHooks {
  /** After a step. */
  onStep(event: RunBatchEvent, position: RunPosition): Promise<void>;
  /** After a step with which training stops because the signal asks for it. */
  onStop(position: RunPosition): Promise<void>;
  /** After an epoch and its validation. */
  onEpoch(done: {
    event: RunEpochEvent;
    position: RunPosition;
    figures: Figures;
    /** Whether a callback has ended training. */
    ended: boolean;
  }): Promise<void>;
}

/** Turns the hooks of `fit` into events and saves, and stops where the signal asks for it. */
export class Recorder implements Callback {
  readonly #hooks: RecorderHooks | undefined;
  readonly #signal: AbortSignal | undefined;
  #control: { stopTraining: boolean } = { stopTraining: false };
  #plan: RunPlan | undefined;
  #epoch = 0;
  #isStopping = false;

  /** @param signal asks training or an evaluation to stop. @param hooks hear of training. */
  constructor(signal: AbortSignal | undefined, hooks?: RecorderHooks) {
    this.#signal = signal;
    this.#hooks = hooks;
  }

  /** Where training stands; undefined before it begins. */
  get position(): RunPosition | undefined {
    return this.#plan?.position();
  }

  setModel(control: { stopTraining: boolean }, plan: RunPlan): void {
    this.#control = control;
    this.#plan = plan;
  }

  onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  async onTrainBatchEnd(_batch: number, logs: Logs): Promise<void> {
    const { samples, loss, accuracy, imagesPerSecond } = logs;
    const epoch = this.#epoch + 1;
    const { position } = this;
    if (position === undefined) return;
    const event: RunBatchEvent = {
      event: 'batch',
      epoch,
      samples,
      loss,
      accuracy,
      imagesPerSecond,
    };
    await this.#hooks?.onStep(event, position);
    if (this.#signal?.aborted !== true) return;
    // Saved here: at the end of training, callbacks may change the weights.
    await this.#hooks?.onStop(position);
    this.#stop();
  }

  onTestBatchEnd(): void {
    this.#signal?.throwIfAborted();
  }

  onPredictBatchEnd(): void {
    this.#signal?.throwIfAborted();
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const { loss, accuracy, valLoss, valAccuracy, seconds } = logs;
    if (!Number.isFinite(valLoss)) {
      throw new DivergenceError(
        `the validation loss became ${valLoss} after epoch ${epoch + 1}; use a lower learning rate`,
      );
    }
    const { position } = this;
    if (position === undefined) return;
    const event: RunEpochEvent = {
      event: 'epoch',
      epoch: epoch + 1,
      loss,
      accuracy,
      valLoss,
      valAccuracy,
      seconds,
    };
    const ended = this.#control.stopTraining && !this.#isStopping;
    await this.#hooks?.onEpoch({ event, position, figures: { ...logs }, ended });
    if (this.#signal?.aborted === true) this.#stop();
  }

  #stop(): void {
    this.#isStopping = true;
    this.#control.stopTraining = true;
  }
}
