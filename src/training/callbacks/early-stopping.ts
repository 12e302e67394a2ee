import type { Logs, NamedCallback, TrainingControl } from '../callback.js';
import { copyWeights, writeWeights } from '../weight-copies.js';
import { Monitor, type MonitorOptions } from './monitor.js';
import { readState, requireCount } from './state-checks.js';

/** Options of `earlyStopping`, with Keras's names and defaults. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without a better figure after which training stops; default 0. */
  patience?: number;
  /** Figure that has to be surpassed for the patience to begin anew; default none. */
  baseline?: number;
  /** Whether the weights of the best epoch come back at the end; default false. */
  restoreBestWeights?: boolean;
  /** First epoch, from 0, that is watched; default 0. */
  startFromEpoch?: number;
}

/** A callback that ends training when a figure no longer gets better. */
export interface EarlyStopping extends NamedCallback {
  /** Best figure so far. */
  readonly best: number | undefined;
  /** Its epoch, from 0. */
  readonly bestEpoch: number;
  /** Epoch after which training was stopped, from 0; 0 while it was not. */
  readonly stoppedEpoch: number;
}

/**
 * Ends training when a figure has not become better for `patience` epochs, as Keras's `EarlyStopping`. Its
 * state holds the counters; where the best weights come back in the end, its arrays hold these.
 * @throws {ValueError} for options out of range; from `fit`, when no epoch has the figure.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  return new Stopper(options);
}

class Stopper implements EarlyStopping {
  readonly name = 'earlyStopping';
  best: number | undefined;
  bestEpoch = 0;
  stoppedEpoch = 0;
  readonly #monitor: Monitor;
  readonly #patience: number;
  readonly #baseline: number | undefined;
  readonly #restores: boolean;
  readonly #startFromEpoch: number;
  #wait = 0;
  #bestWeights: ReadonlyMap<string, Float32Array> | undefined;
  #control: TrainingControl | undefined;
  #continues = false;

  constructor(options: EarlyStoppingOptions) {
    this.#monitor = new Monitor(this.name, options);
    this.#patience = requireCount(options.patience ?? 0, 0, `${this.name}: patience`);
    this.#startFromEpoch = requireCount(
      options.startFromEpoch ?? 0,
      0,
      `${this.name}: startFromEpoch`,
    );
    this.#baseline = options.baseline ?? undefined;
    this.#restores = options.restoreBestWeights === true;
  }

  setModel(control: TrainingControl): void {
    this.#control = control;
  }

  onTrainBegin(): void {
    if (this.#continues) {
      this.#continues = false;
      return;
    }
    this.best = undefined;
    this.#bestWeights = undefined;
    [this.bestEpoch, this.stoppedEpoch, this.#wait] = [0, 0, 0];
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const control = this.#control;
    if (control === undefined || epoch < this.#startFromEpoch) return;
    const value = this.#monitor.read(logs);
    this.#wait++;
    const isBest = this.#monitor.isBetter(value, this.best);
    if (isBest) {
      this.best = value;
      this.bestEpoch = epoch;
      if (this.#baseline === undefined || this.#monitor.isBetter(value, this.#baseline)) {
        this.#wait = 0;
      }
    }
    if (this.#restores && (isBest || this.#bestWeights === undefined)) {
      this.#bestWeights = await copyWeights(control.namedVariables);
    }
    if (isBest || this.#wait < this.#patience || epoch === 0) return;
    this.stoppedEpoch = epoch;
    control.stopTraining = true;
  }

  onTrainEnd(): void {
    if (this.#control === undefined || this.#bestWeights === undefined) return;
    writeWeights(this.#control.namedVariables, this.#bestWeights);
  }

  getConfig(): Record<string, unknown> {
    return {
      ...this.#monitor.getConfig(),
      patience: this.#patience,
      ...(this.#baseline !== undefined && { baseline: this.#baseline }),
      restoreBestWeights: this.#restores,
      startFromEpoch: this.#startFromEpoch,
    };
  }

  getState(): unknown {
    const { best, bestEpoch, stoppedEpoch } = this;
    return { best: best ?? null, bestEpoch, stoppedEpoch, wait: this.#wait };
  }

  setState(state: unknown): void {
    const names = ['bestEpoch', 'stoppedEpoch', 'wait'] as const;
    const { best, bestEpoch, stoppedEpoch, wait } = readState(this.name, state, names, ['best']);
    this.best = best;
    [this.bestEpoch, this.stoppedEpoch, this.#wait] = [bestEpoch, stoppedEpoch, wait];
    this.#continues = true;
  }

  getArrays(): ReadonlyMap<string, Float32Array> {
    return this.#bestWeights ?? new Map();
  }

  setArrays(arrays: ReadonlyMap<string, Float32Array>): void {
    this.#bestWeights = arrays.size === 0 ? undefined : arrays;
    this.#continues = true;
  }
}
