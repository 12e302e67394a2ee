import { ValueError } from '../../core/errors.js';
import type { NamedCallback, TrainingControl } from '../callback.js';
import { writeWeights } from '../weight-copies.js';
import { readState, requireCount } from './state-checks.js';

/** Options of `swa`. */
export interface SwaOptions {
  /** First epoch, from 0, whose weights count. */
  startEpoch: number;
  /** Epochs from one that counts to the next; default 1. */
  frequency?: number;
}

/** A callback that averages weights. */
export interface Swa extends NamedCallback {
  /** Epochs that have counted. */
  readonly count: number;
  /**
   * Puts the means into the model that was trained. Its batch normalisations then want new statistics:
   * `model.updateBatchNormalization(data)`.
   * @throws {ValueError} before an epoch has counted.
   */
  apply(): void;
}

/**
 * Stochastic weight averaging (Izmailov et al., 2018): the equal mean of the weights at the ends of the last
 * epochs, for which the learning rate is best kept constant or cyclical. One callback serves one training,
 * which may be in several parts; its state has the means.
 *
 *     const averaging = swa({ startEpoch: 8 });
 *     await model.fit(train, { epochs: 12, callbacks: [averaging] });
 *     averaging.apply();
 *     await model.updateBatchNormalization(train);
 *
 * @throws {ValueError} for a start that is no integer ≥ 0 or a frequency that is no integer ≥ 1.
 */
export function swa(options: SwaOptions): Swa {
  return new WeightAverage(options);
}

class WeightAverage implements Swa {
  readonly name = 'swa';
  count = 0;
  readonly #startEpoch: number;
  readonly #frequency: number;
  #means = new Map<string, Float32Array>();
  #control: TrainingControl | undefined;

  constructor({ startEpoch, frequency = 1 }: SwaOptions) {
    this.#startEpoch = requireCount(startEpoch, 0, `${this.name}: startEpoch`);
    this.#frequency = requireCount(frequency, 1, `${this.name}: frequency`);
  }

  setModel(control: TrainingControl): void {
    this.#control = control;
  }

  async onEpochEnd(epoch: number): Promise<void> {
    const since = epoch - this.#startEpoch;
    if (this.#control === undefined || since < 0 || since % this.#frequency !== 0) return;
    this.count++;
    for (const { entry, variable } of this.#control.namedVariables) {
      const values = await variable.read();
      // A new array: a checkpoint that is being written may hold the one so far.
      const mean = this.#means.get(entry)?.slice() ?? new Float32Array(values.length);
      this.#means.set(entry, mean);
      for (let i = 0; i < values.length; i++) mean[i] += (values[i] - mean[i]) / this.count;
    }
  }

  apply(): void {
    if (this.#control === undefined || this.count === 0) {
      throw new ValueError(
        `swa: no epoch has counted yet; train on to the end of epoch ${this.#startEpoch + 1}`,
      );
    }
    writeWeights(this.#control.namedVariables, this.#means);
  }

  getConfig(): Record<string, unknown> {
    return { startEpoch: this.#startEpoch, frequency: this.#frequency };
  }

  getState(): unknown {
    return { count: this.count };
  }

  setState(state: unknown): void {
    this.count = readState(this.name, state, ['count']).count;
  }

  getArrays(): ReadonlyMap<string, Float32Array> {
    return this.#means;
  }

  setArrays(arrays: ReadonlyMap<string, Float32Array>): void {
    this.#means = new Map([...arrays].map(([entry, values]) => [entry, values.slice()]));
  }
}
