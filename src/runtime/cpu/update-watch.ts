import { sampledBefore, samplePlace } from '../watched-weight.js';
import type { KernelExports } from './kernel-module.js';
import type { RangeUpdate } from './range-update.js';
import type { ReplicaMemory } from './replica-memory.js';
import type { Shard, ShardPart } from './shard-parts.js';

/**
 * Elements that are looked at, updated and looked at again at a time: as many as `updateShards` takes, which lie in
 * the second-level cache. So few that the first-level cache holds them made the update half as fast, for it waits
 * for memory, and short runs through memory make it wait longer.
 */
const PIECE = 1 << 15;
/** Figures of a part: Σ w², Σ g, Σ g², zeros of g, Σ (Δw)². */
export const FIGURES = 5;

/** Bytes of a replica's own memory that an `UpdateWatch` uses as scratch: figures, and a copy of a piece. */
export const WATCH_SCRATCH_BYTES = 64 + 4 * PIECE;

/** What a replica saw of its shard in a step. */
export interface WatchedShard {
  /** Figures of every part, side by side. */
  figures: Float64Array;
  /** |g| of the elements of the sample, part after part. */
  sample: Float32Array;
}

const NO_SHARD: Shard = { weights: 0, gradients: 0, count: 0, parts: [] };

/**
 * Looks at a replica's shard of weights and gradients in the steps that somebody wants to know about: piece by
 * piece around the update, while they are in the cache; where the update is no single one, from a copy of the
 * weights before the step. The update computes the same bits as ever.
 */
export class UpdateWatch {
  readonly #kernels: KernelExports;
  readonly #memory: ReplicaMemory;
  readonly #row: number;
  readonly #piece: number;
  #shard = NO_SHARD;
  #active = false;
  #elements = new Float32Array();
  #rows = new Float64Array();
  #before: Float32Array | undefined;
  #figures = new Float64Array();
  #sample = new Float32Array();
  /** Where the samples of the parts begin. */
  #samples: number[] = [];

  /** @param scratch address of `WATCH_SCRATCH_BYTES` bytes. */
  constructor(kernels: KernelExports, memory: ReplicaMemory, scratch: number) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#row = scratch;
    this.#piece = scratch + 64;
  }

  /** Says where weights and gradients lie. */
  setShard(shard: Shard): void {
    this.#shard = shard;
  }

  /** @param inUpdate whether the step's update goes through `over`. */
  begin(inUpdate: boolean): void {
    const { parts, weights, count } = this.#shard;
    const { buffer } = this.#memory.memory;
    this.#elements = new Float32Array(buffer);
    this.#rows = new Float64Array(buffer, this.#row, FIGURES - 1);
    this.#figures = new Float64Array(FIGURES * parts.length);
    let total = 0;
    this.#samples = parts.map(({ firstSample, endSample }) => {
      const start = total;
      total += endSample - firstSample;
      return start;
    });
    this.#sample = new Float32Array(total);
    this.#active = inUpdate;
    const first = this.#memory.state / 4 + weights;
    this.#before = inUpdate ? undefined : this.#elements.slice(first, first + count);
  }

  /** The update, and a look at what it does in steps that are watched. */
  over(update: RangeUpdate): RangeUpdate {
    return (from, count) => {
      if (!this.#active) {
        update(from, count);
        return;
      }
      const end = from + count;
      for (let at = from; at < end; at += PIECE) {
        const size = Math.min(PIECE, end - at);
        const parts = this.#partsIn(at, size);
        this.#lookBefore(parts, at, size, this.#addressOf(at));
        update(at, size);
        this.#lookAfter(parts, at, size);
      }
    };
  }

  /** What was seen. */
  end(): WatchedShard {
    const { count } = this.#shard;
    this.#active = false;
    const before = this.#before;
    for (let at = 0; before !== undefined && at < count; at += PIECE) {
      const size = Math.min(PIECE, count - at);
      const parts = this.#partsIn(at, size);
      this.#elements.set(before.subarray(at, at + size), this.#piece / 4);
      this.#lookBefore(parts, at, size, this.#piece);
      this.#lookAfter(parts, at, size);
    }
    const seen = { figures: this.#figures, sample: this.#sample };
    this.#before = undefined;
    return seen;
  }

  /** Byte address of an element of the shard's weights. */
  #addressOf(element: number): number {
    return this.#memory.state + 4 * (this.#shard.weights + element);
  }

  /** The parts that a piece touches: [first, end). */
  #partsIn(at: number, size: number): [number, number] {
    const { parts } = this.#shard;
    let [low, high] = [0, parts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (parts[middle].from + parts[middle].count <= at) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (end < parts.length && parts[end].from < at + size) end++;
    return [low, end];
  }

  /** @param weights address of the piece's weights, which are copied. */
  #lookBefore([first, last]: [number, number], at: number, size: number, weights: number): void {
    const { parts, gradients } = this.#shard;
    const [kernels, figures, row] = [this.#kernels, this.#figures, this.#rows];
    for (let p = first; p < last; p++) {
      const from = Math.max(parts[p].from, at);
      const count = Math.min(parts[p].from + parts[p].count, at + size) - from;
      if (count <= 0) continue;
      const offset = 4 * (from - at);
      const g = this.#memory.state + 4 * (gradients + from);
      kernels.watchBefore_f32(weights + offset, g, this.#piece + offset, this.#row, count);
      for (let i = 0; i < FIGURES - 1; i++) figures[FIGURES * p + i] += row[i];
      this.#take(parts[p], this.#samples[p], from, count, g / 4);
    }
  }

  #lookAfter([first, last]: [number, number], at: number, size: number): void {
    const { parts } = this.#shard;
    for (let p = first; p < last; p++) {
      const from = Math.max(parts[p].from, at);
      const count = Math.min(parts[p].from + parts[p].count, at + size) - from;
      if (count <= 0) continue;
      const copy = this.#piece + 4 * (from - at);
      const squares = this.#kernels.watchAfter_f32(this.#addressOf(from), copy, count);
      this.#figures[FIGURES * p + FIGURES - 1] += squares;
    }
  }

  /** Takes the elements of the sample that lie in `count` gradients from place `g` on. */
  #take(part: ShardPart, samples: number, from: number, count: number, g: number): void {
    const { before, whole, firstSample } = part;
    const place = before + from - part.from;
    const end = sampledBefore(place + count, whole);
    for (let k = sampledBefore(place, whole); k < end; k++) {
      const value = this.#elements[g + samplePlace(k, whole) - place];
      this.#sample[samples + k - firstSample] = Math.abs(value);
    }
  }
}
