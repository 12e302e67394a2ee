import { ExecutorError, ShapeError, UnknownNameError } from '../../core/errors.js';
import { makeInitialValues } from '../../core/initial-values.js';
import { type StateLayout, trainedWeights } from '../../plan/state-layout.js';
import type { StateValues } from '../executor.js';
import type { FloatArray } from './reference-kernel.js';

/** An element of a state entry: which replica to read it from, and where it lies there. */
interface Place {
  replica: number;
  index: number;
}

/** The state of all replicas, one array each, and the way from names to elements. */
export class StateArenas {
  /** One arena a replica. */
  readonly arenas: readonly FloatArray[];
  readonly #layout: StateLayout;

  /** @param arenas one zero-filled array a replica, of the layout's size. */
  constructor(layout: StateLayout, arenas: readonly FloatArray[]) {
    if (layout.shards.starts.length !== arenas.length) {
      throw new ExecutorError(
        `The state layout is for ${layout.shards.starts.length} replicas, but this executor has ` +
          `${arenas.length}; compile for as many.`,
      );
    }
    this.#layout = layout;
    this.arenas = arenas;
  }

  /**
   * Puts values where every replica that holds them has them.
   * @throws UnknownNameError for a name that the layout lacks; ShapeError for a wrong size.
   */
  write(name: string, given: StateValues): void {
    const size = this.#sizeOf(name);
    const values = given instanceof Float32Array ? given : makeInitialValues(given, size);
    if (values.length !== size) {
      throw new ShapeError(
        `State entry '${name}' has ${size} elements but ${values.length} came; pass them all.`,
      );
    }
    const entry = this.#layout.entries.find((candidate) => candidate.name === name);
    if (entry !== undefined && !this.#isSlot(name)) {
      for (const arena of this.arenas) arena.set(values, entry.offset);
      return;
    }
    for (let i = 0; i < size; i++) {
      const { replica, index } = this.#place(name, i);
      this.arenas[replica][index] = values[i];
    }
  }

  /** The whole entry or slot. @throws UnknownNameError for a name that the layout lacks. */
  read(name: string): Float32Array {
    return Float32Array.from({ length: this.#sizeOf(name) }, (_, i) => {
      const { replica, index } = this.#place(name, i);
      return this.arenas[replica][index];
    });
  }

  /** Copies of all trained weights and their gradients, by the weight's name. */
  trainedWeights(): Map<string, { weight: Float32Array; gradient: Float32Array }> {
    const { offset } = this.#layout.gradients;
    return new Map(
      trainedWeights(this.#layout).map(({ entry, start, count }) => {
        const gradient = Float32Array.from({ length: count }, (_, i) => {
          return this.arenas[this.#owner(start + i)][offset + start + i];
        });
        return [entry, { weight: this.read(entry), gradient }];
      }),
    );
  }

  #isSlot(name: string): boolean {
    return this.#layout.slots.some((slot) => slot.name === name);
  }

  #sizeOf(name: string): number {
    const { slots, entries, trainable } = this.#layout;
    if (this.#isSlot(name)) return trainable.size;
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry !== undefined) return entry.size;
    const known = [...slots, ...entries].map((candidate) => candidate.name);
    throw new UnknownNameError('state entry', name, known);
  }

  /** Slots and gradients are right only in the shard of the replica that owns the element. */
  #place(name: string, i: number): Place {
    const { slots, entries, gradients, shards } = this.#layout;
    const slot = slots.find((candidate) => candidate.name === name);
    if (slot !== undefined) {
      const replica = this.#owner(i);
      return { replica, index: slot.offset + i - shards.starts[replica] };
    }
    const index = (entries.find((entry) => entry.name === name)?.offset ?? 0) + i;
    const element = index - gradients.offset;
    const isGradient = element >= 0 && element < gradients.size;
    return { replica: isGradient ? this.#owner(element) : 0, index };
  }

  #owner(element: number): number {
    const { starts, counts } = this.#layout.shards;
    const owner = starts.findIndex((start, r) => element >= start && element < start + counts[r]);
    return Math.max(owner, 0);
  }
}
