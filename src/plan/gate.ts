import { philox } from '../core/random.js';

/**
 * A switch that is thrown anew in every step, the same for all samples and replicas: open with
 * probability 1 − rate. Gates of one stream and rate are one gate.
 */
export interface Gate {
  /** Number of the stream of random draws; each layer has its own. */
  readonly stream: number;
  /** How probable it is that it is closed, in [0, 1). */
  readonly rate: number;
}

/** A state that a gate must be in. */
export interface GateState extends Gate {
  readonly open: boolean;
}

/** Fourth word of the counter, so that no other use of the key meets the same block: "gate". */
const DOMAIN = 0x67617465;
const WORDS = 2 ** 32;

/**
 * The draw that opens or closes the gates of a stream in a step: the first word of the block of
 * Philox4x32-10 with counter (0, step, stream, 0x67617465) and key (seed low, seed high). A gate is open
 * where the word ≥ rate · 2³².
 */
export function drawGate(stream: number, step: number, seed: number): number {
  const words = new Uint32Array(4);
  const key = Uint32Array.of(seed >>> 0, Math.floor(seed / WORDS) >>> 0);
  philox(Uint32Array.of(0, step, stream, DOMAIN), key, words);
  return words[0];
}

/** Whether a gate of this rate is open where its stream's draw is `word`. */
export function isOpen(word: number, rate: number): boolean {
  return word >= rate * WORDS;
}

/** Whether the two are one gate. */
export function sameGate(a: Gate, b: Gate): boolean {
  return a.stream === b.stream && a.rate === b.rate;
}

/** Whether the gate is among these. */
export function hasGate(gates: readonly Gate[], gate: Gate): boolean {
  return gates.some((other) => sameGate(other, gate));
}

/** These gates and one more, if it is not among them. */
export function withGate(gates: readonly Gate[], gate: Gate): readonly Gate[] {
  return hasGate(gates, gate) ? gates : [...gates, gate];
}

/** The gates that are in both lists. */
export function commonGates(a: readonly Gate[], b: readonly Gate[]): readonly Gate[] {
  return a.filter((gate) => hasGate(b, gate));
}

/** Whether both lists hold the same gates, in whatever order. */
export function sameGates(a: readonly Gate[] = [], b: readonly Gate[] = []): boolean {
  return a.length === b.length && commonGates(a, b).length === a.length;
}
