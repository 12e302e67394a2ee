import { cpus } from 'node:os';

/** Seconds that all cores together have worked so far. */
function busySeconds(): number {
  const milliseconds = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return milliseconds.reduce((sum, time) => sum + time, 0) / 1000;
}

/** Measures how much other programs work while a contender has its turn. */
export class Disturbance {
  readonly #started = performance.now();
  readonly #busy = busySeconds();
  readonly #own: number;

  /** @param own processor time in seconds that the contender has used so far. */
  constructor(own: number) {
    this.#own = own;
  }

  /** Cores that others kept busy since the beginning, on average. @param own as before, now. */
  cores(own: number): number {
    const elapsed = (performance.now() - this.#started) / 1000;
    return Math.max(0, (busySeconds() - this.#busy - (own - this.#own)) / elapsed);
  }
}
