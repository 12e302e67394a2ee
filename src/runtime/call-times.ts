import type { ReplicaTimings } from './executor.js';

/**
 * Adds up how long the calls of a plan take, over its runs. The first run, which pays for warming up, is
 * dropped as soon as there is another.
 */
export class CallTimes {
  readonly #calls: Float64Array;
  readonly #waiting: Float64Array;
  #total = 0;
  #runs = 0;
  #isWarm = false;

  /** @param calls how many calls the plan has. */
  constructor(calls: number) {
    this.#calls = new Float64Array(calls);
    this.#waiting = new Float64Array(calls);
  }

  /** Runs that ended and count. */
  get runs(): number {
    return this.#runs;
  }

  /** Before a run. */
  begin(): void {
    if (this.#isWarm || this.#runs === 0) return;
    this.#isWarm = true;
    this.#runs = 0;
    this.#total = 0;
    this.#calls.fill(0);
    this.#waiting.fill(0);
  }

  /** After a call. @param milliseconds of the call, and those of them spent in `waiting`. */
  add(place: number, milliseconds: number, waiting: number): void {
    this.#calls[place] += milliseconds;
    this.#waiting[place] += waiting;
  }

  /** After a run that took so many milliseconds. */
  end(milliseconds: number): void {
    this.#runs++;
    this.#total += milliseconds;
  }

  /** Means over the runs that count. */
  means(): ReplicaTimings {
    const runs = Math.max(this.#runs, 1);
    return {
      total: this.#total / runs,
      calls: this.#calls.map((sum) => sum / runs),
      waiting: this.#waiting.map((sum) => sum / runs),
    };
  }
}
