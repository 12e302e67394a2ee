import { ValueError } from '../../core/errors.js';
import type { Logs, NamedCallback, TrainingControl } from '../callback.js';
import { requireAtLeast } from '../schedules/option-checks.js';
import { Monitor, type MonitorOptions } from './monitor.js';
import { readState, requireCount } from './state-checks.js';

/** Options of `reduceLROnPlateau`, with Keras's names and defaults. */
export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied with, below 1; default 0.1. */
  factor?: number;
  /** Epochs without a better figure after which it falls; default 10. */
  patience?: number;
  /** Change from which on a figure counts as better; default 0.0001. */
  minDelta?: number;
  /** Epochs after a fall in which nothing is counted; default 0. */
  cooldown?: number;
  /** The rate never falls below this; default 0. */
  minLr?: number;
}

/**
 * Multiplies the learning rate with `factor` when a figure has not become better for `patience` epochs, as
 * Keras's `ReduceLROnPlateau`. The rate itself is kept in model files; the state holds the counters.
 * @throws {ValueError} for options out of range; from `fit`, when no epoch has the figure, or the rate
 * follows a schedule.
 */
export function reduceLROnPlateau(options: ReduceLROnPlateauOptions = {}): NamedCallback {
  const name = 'reduceLROnPlateau';
  const { factor = 0.1, minDelta = 0.0001 } = options;
  const monitor = new Monitor(name, { ...options, minDelta });
  const patience = requireCount(options.patience ?? 10, 0, `${name}: patience`);
  const cooldown = requireCount(options.cooldown ?? 0, 0, `${name}: cooldown`);
  const minLr = requireAtLeast(options.minLr ?? 0, 0, `${name}: minLr`);
  if (!(factor > 0 && factor < 1)) {
    throw new ValueError(`${name}: factor must be a number between 0 and 1, got ${factor}`);
  }
  let control: TrainingControl | undefined;
  let best: number | undefined;
  let [wait, left] = [0, 0];
  let continues = false;
  return {
    name,
    setModel(model) {
      control = model;
    },
    onTrainBegin() {
      if (!continues) {
        best = undefined;
        [wait, left] = [0, 0];
      }
      continues = false;
    },
    onEpochEnd(_epoch: number, logs: Logs) {
      if (control === undefined) return;
      const value = monitor.read(logs);
      if (left > 0) {
        left--;
        wait = 0;
      }
      if (monitor.isBetter(value, best)) {
        best = value;
        wait = 0;
      } else if (left === 0) {
        wait++;
        const { optimizer } = control;
        if (wait < patience || optimizer.learningRate <= minLr) return;
        optimizer.learningRate = Math.max(optimizer.learningRate * factor, minLr);
        left = cooldown;
        wait = 0;
      }
    },
    getConfig: () => ({ ...monitor.getConfig(), factor, patience, cooldown, minLr }),
    getState: () => ({ best: best ?? null, wait, cooldown: left }),
    setState(state) {
      const read = readState(name, state, ['wait', 'cooldown'], ['best']);
      best = read.best;
      [wait, left] = [read.wait, read.cooldown];
      continues = true;
    },
  };
}
