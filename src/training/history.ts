import type { Callback, Logs } from './callback.js';
import type { EpochPosition } from './epoch-position.js';

/** What `fit` returns: the figures of every epoch. */
export class History implements Callback {
  /** Numbers of the epochs that ran to their end, from 0. */
  readonly epoch: number[] = [];
  /** One entry an epoch for every figure: `loss`, `accuracy`, `valLoss`, … */
  readonly history: Record<string, number[]> = {};

  /** Where the run stopped within an epoch; undefined when it ended with one. */
  stoppedAt: EpochPosition | undefined;

  /** Records an epoch. */
  onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}
