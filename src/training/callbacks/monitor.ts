import { ValueError } from '../../core/errors.js';
import type { Logs } from '../callback.js';

/** Whether a figure is better when it is smaller (`min`) or larger (`max`); `auto` goes by its name. */
export type MonitorMode = 'auto' | 'min' | 'max';

/** What a callback watches. */
export interface MonitorOptions {
  /** Name of a figure, such as `loss` or `valAccuracy`; default `valLoss`. */
  monitor?: string;
  /** Default `auto`: accuracy, precision, recall and F1 are better when larger, all else when smaller. */
  mode?: MonitorMode;
  /** Change from which on a figure counts as better; default 0. */
  minDelta?: number;
}

const LARGER_IS_BETTER = /accuracy|precision|recall|f1|auc/i;

/** Follows one figure of the logs and knows which of its values is better. */
export class Monitor {
  /** Name of the figure. */
  readonly name: string;
  readonly #owner: string;
  readonly #mode: MonitorMode;
  readonly #sign: 1 | -1;
  readonly #minDelta: number;

  /**
   * @param owner the callback, for messages. @param options what is watched.
   * @throws {ValueError} for options out of range.
   */
  constructor(owner: string, options: MonitorOptions) {
    const { monitor = 'valLoss', mode = 'auto', minDelta = 0 } = options;
    if (mode !== 'auto' && mode !== 'min' && mode !== 'max') {
      throw new ValueError(`${owner}: mode must be 'auto', 'min' or 'max', got ${mode}`);
    }
    this.name = monitor;
    this.#owner = owner;
    this.#mode = mode;
    const larger = mode === 'auto' ? LARGER_IS_BETTER.test(monitor) : mode === 'max';
    this.#sign = larger ? 1 : -1;
    this.#minDelta = Math.abs(minDelta);
  }

  /** Serialisable options. */
  getConfig(): Required<MonitorOptions> {
    return { monitor: this.name, mode: this.#mode, minDelta: this.#minDelta };
  }

  /** The figure. @throws {ValueError} naming the figures that there are, when it is not among them. */
  read(logs: Logs): number {
    const value = logs[this.name];
    if (value !== undefined) return value;
    const known = Object.keys(logs).join(', ');
    throw new ValueError(
      `${this.#owner} watches '${this.name}', but the figures of an epoch are ${known}; name one of them as monitor, or give fit validation data`,
    );
  }

  /** Whether a value is better than another by more than `minDelta`; anything is better than nothing. */
  isBetter(value: number, than: number | undefined): boolean {
    if (than === undefined) return true;
    return this.#sign * (value - than) > this.#minDelta;
  }
}
