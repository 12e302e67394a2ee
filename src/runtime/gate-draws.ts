import { drawGate, type GateState, isOpen } from '../plan/gate.js';
import type { RunParameters } from './executor.js';

/** Which gates are open in the run under way; each stream is drawn once a run. */
export class GateDraws {
  readonly #parameters: Readonly<RunParameters>;
  readonly #words = new Map<number, number>();
  #step = 0;
  #seed = 0;

  /** @param parameters of the run under way; the object stays, its fields change. */
  constructor(parameters: Readonly<RunParameters>) {
    this.#parameters = parameters;
  }

  /** Whether all gates are in these states. */
  allow(states: readonly GateState[]): boolean {
    const { step, seed } = this.#parameters;
    if (step !== this.#step || seed !== this.#seed) {
      this.#words.clear();
      this.#step = step;
      this.#seed = seed;
    }
    return states.every(({ stream, rate, open }) => isOpen(this.#word(stream), rate) === open);
  }

  #word(stream: number): number {
    let word = this.#words.get(stream);
    if (word === undefined) {
      word = drawGate(stream, this.#step, this.#seed);
      this.#words.set(stream, word);
    }
    return word;
  }
}
