/**
 * Adds up how long the runs of a plan take as their caller sees it, and the time between one run and
 * the next. The first run, which pays for warming up, is dropped as soon as there is another.
 */
export class RunClock {
  #runs = 0;
  #sum = 0;
  #isWarm = false;
  #gaps = 0;
  #gapSum = 0;
  #started = 0;
  #ended: number | undefined;

  /** Before a run. @param now milliseconds on a clock that does not go back. */
  begin(now: number): void {
    if (!this.#isWarm && this.#runs > 0) {
      this.#isWarm = true;
      this.#runs = 0;
      this.#sum = 0;
    }
    if (this.#ended !== undefined) {
      this.#gaps++;
      this.#gapSum += now - this.#ended;
    }
    this.#started = now;
  }

  /** After a run. */
  end(now: number): void {
    this.#runs++;
    this.#sum += now - this.#started;
    this.#ended = now;
  }

  /** Something else happens before the next run: the time until then is not between runs. */
  interrupt(): void {
    this.#ended = undefined;
  }

  /** Runs that ended and count. */
  get runs(): number {
    return this.#runs;
  }

  /** Mean milliseconds of a run. */
  get milliseconds(): number {
    return this.#sum / Math.max(this.#runs, 1);
  }

  /** Mean milliseconds between runs that followed each other; 0 if none did. */
  get between(): number {
    return this.#gapSum / Math.max(this.#gaps, 1);
  }
}
