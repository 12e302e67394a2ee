import type { Collective } from './collective.js';

/** y = a + b over `size` elements at byte addresses of a replica's memory; y may be a or b. */
export type AddArrays = (a: number, b: number, y: number, size: number) => void;

/** Shared memory through which replicas meet: a control block and two slots a replica. */
export interface Exchange {
  control: SharedArrayBuffer;
  data: SharedArrayBuffer;
}

/** Thrown out of a barrier when another replica has failed. */
export class AbortedError extends Error {
  constructor() {
    super('another replica failed');
    this.name = 'AbortedError';
  }
}

/** Elements that a replica publishes at a time. */
const SLOT_SIZE = 1 << 18;
/** Elements that `updateShards` takes at a time: six arrays of them lie in the second-level cache. */
const CHUNK_SIZE = 1 << 15;
/** Up to this size summing straight from shared memory beats the WASM kernel with its copies. */
const SMALL_SIZE = 4096;
/** Loads of the generation before a waiting replica sleeps: some 60 µs, about what waking it costs. */
const SPINS = 10_000;
/** Milliseconds of sleep between looks at the abort flag. */
const NAP = 100;
/** Places in the control block, each in its own cache line. */
const GENERATION = 0;
const ARRIVED = 16;
const ABORTED = 32;
const CONTROL_LENGTH = 48;

/** Bytes of a replica's own memory that a `SharedCollective` uses as scratch. */
export const COLLECTIVE_SCRATCH_BYTES = 2 * 4 * SLOT_SIZE;

/** Shared memory for so many replicas. */
export function createExchange(replicas: number): Exchange {
  return {
    control: new SharedArrayBuffer(4 * CONTROL_LENGTH),
    data: new SharedArrayBuffer(replicas > 1 ? 2 * replicas * SLOT_SIZE * 4 : 0),
  };
}

/** Makes every replica that waits, or will wait, leave its barrier with an `AbortedError`. */
export function abortExchange(exchange: Exchange): void {
  const control = new Int32Array(exchange.control);
  Atomics.store(control, ABORTED, 1);
  Atomics.notify(control, GENERATION);
}

/**
 * Collective over shared memory between threads. Arrays go through it in rounds: everyone publishes a
 * chunk in its slot, meets the others once, and takes what it needs from theirs. Rounds alternate
 * between two sets of slots, so that nobody overwrites what a slower replica still reads. The chunks
 * stay in the cache, which is faster than one exchange of a large array through main memory.
 */
export class SharedCollective implements Collective {
  readonly replica: number;
  readonly replicas: number;
  waited = 0;
  readonly #control: Int32Array;
  readonly #data: Float32Array;
  readonly #memory: WebAssembly.Memory;
  readonly #scratch: number;
  readonly #add: AddArrays;
  #view: Float32Array;
  #round = 0;

  /** @param scratch address of `COLLECTIVE_SCRATCH_BYTES` bytes in `memory`. */
  constructor(
    replica: number,
    replicas: number,
    exchange: Exchange,
    memory: WebAssembly.Memory,
    scratch: number,
    add: AddArrays,
  ) {
    this.replica = replica;
    this.replicas = replicas;
    this.#control = new Int32Array(exchange.control);
    this.#data = new Float32Array(exchange.data);
    this.#memory = memory;
    this.#scratch = scratch;
    this.#add = add;
    this.#view = new Float32Array(memory.buffer);
  }

  barrier(): void {
    if (this.replicas === 1) return;
    const control = this.#control;
    const generation = Atomics.load(control, GENERATION);
    if (Atomics.add(control, ARRIVED, 1) === this.replicas - 1) {
      Atomics.store(control, ARRIVED, 0);
      Atomics.add(control, GENERATION, 1);
      Atomics.notify(control, GENERATION);
      return;
    }
    const started = performance.now();
    this.#waitFor(generation);
    this.waited += performance.now() - started;
  }

  /** Until the generation is over. */
  #waitFor(generation: number): void {
    const control = this.#control;
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(control, GENERATION) !== generation) return;
    }
    while (Atomics.load(control, GENERATION) === generation) {
      if (Atomics.load(control, ABORTED) !== 0) throw new AbortedError();
      Atomics.wait(control, GENERATION, generation, NAP);
    }
  }

  allReduceSum(source: number, target: number, size: number): void {
    if (this.replicas === 1) {
      this.#move(source, target, size);
      return;
    }
    for (let done = 0; done < size; done += SLOT_SIZE) {
      const count = Math.min(SLOT_SIZE, size - done);
      const slots = this.#nextRound();
      this.#publish(source + 4 * done, slots + this.replica * SLOT_SIZE, count);
      this.barrier();
      if (count <= SMALL_SIZE) this.#sumSmall(slots, target + 4 * done, count);
      else this.#sumLarge(slots, target + 4 * done, count);
    }
  }

  allGather(source: number, target: number, size: number): void {
    if (this.replicas === 1) {
      this.#move(source, target, size);
      return;
    }
    for (let done = 0; done < size; done += SLOT_SIZE) {
      const count = Math.min(SLOT_SIZE, size - done);
      const slots = this.#nextRound();
      this.#publish(source + 4 * done, slots + this.replica * SLOT_SIZE, count);
      this.barrier();
      for (let r = 0; r < this.replicas; r++) {
        this.#fetch(slots + r * SLOT_SIZE, target + 4 * (r * size + done), count);
      }
    }
  }

  reduceScatter(base: number, starts: readonly number[], counts: readonly number[]): void {
    const { replica, replicas } = this;
    if (replicas === 1) return;
    const segment = Math.floor(SLOT_SIZE / (replicas - 1) / 16) * 16;
    const largest = Math.max(...counts);
    for (let done = 0; done < largest; done += segment) {
      const slots = this.#nextRound();
      for (let to = 0; to < replicas; to++) {
        if (to === replica) continue;
        this.#publish(
          base + 4 * (starts[to] + done),
          slots + segmentPlace(replica, to, segment),
          Math.min(segment, counts[to] - done),
        );
      }
      this.barrier();
      const own = base + 4 * (starts[replica] + done);
      this.#reduceOwn(slots, own, segment, Math.min(segment, counts[replica] - done));
    }
  }

  allGatherShards(base: number, starts: readonly number[], counts: readonly number[]): void {
    const { replica, replicas } = this;
    if (replicas === 1) return;
    const largest = Math.max(...counts);
    for (let done = 0; done < largest; done += SLOT_SIZE) {
      const slots = this.#nextRound();
      const own = base + 4 * (starts[replica] + done);
      this.#publish(own, slots + replica * SLOT_SIZE, Math.min(SLOT_SIZE, counts[replica] - done));
      this.barrier();
      for (let r = 0; r < replicas; r++) {
        if (r === replica) continue;
        const count = Math.min(SLOT_SIZE, counts[r] - done);
        this.#fetch(slots + r * SLOT_SIZE, base + 4 * (starts[r] + done), count);
      }
    }
  }

  updateShards(
    gradients: number,
    weights: number,
    starts: readonly number[],
    counts: readonly number[],
    update: (from: number, count: number) => void,
  ): void {
    const { replica, replicas } = this;
    // A slot holds a chunk of gradients for every other replica, and behind them one of the own weights.
    const chunk = Math.min(CHUNK_SIZE, Math.floor(SLOT_SIZE / replicas / 16) * 16);
    const ofWeights = (from: number) => from * SLOT_SIZE + (replicas - 1) * chunk;
    const sizeOf = (shard: number, done: number) => Math.min(chunk, counts[shard] - done);
    const end = Math.max(...counts);
    // Weights go out in the round after that of their gradients.
    for (let done = 0, before = -chunk; before < end; before = done, done += chunk) {
      const slots = this.#nextRound();
      for (let to = 0; to < replicas; to++) {
        if (to === replica) continue;
        const slot = slots + segmentPlace(replica, to, chunk);
        this.#publish(gradients + 4 * (starts[to] + done), slot, sizeOf(to, done));
      }
      if (before >= 0) {
        const updated = weights + 4 * (starts[replica] + before);
        this.#publish(updated, slots + ofWeights(replica), sizeOf(replica, before));
      }
      this.barrier();
      const own = sizeOf(replica, done);
      if (own > 0) {
        this.#reduceOwn(slots, gradients + 4 * (starts[replica] + done), chunk, own);
        update(done, own);
      }
      for (let r = 0; before >= 0 && r < replicas; r++) {
        if (r === replica) continue;
        this.#fetch(slots + ofWeights(r), weights + 4 * (starts[r] + before), sizeOf(r, before));
      }
    }
  }

  /** First element of the slots of a new round, by replica. */
  #nextRound(): number {
    this.#round ^= 1;
    return this.#round * this.replicas * SLOT_SIZE;
  }

  #elements(): Float32Array {
    if (this.#view.buffer !== this.#memory.buffer) {
      this.#view = new Float32Array(this.#memory.buffer);
    }
    return this.#view;
  }

  #move(source: number, target: number, size: number): void {
    if (source !== target) this.#elements().copyWithin(target / 4, source / 4, source / 4 + size);
  }

  #publish(address: number, slot: number, count: number): void {
    if (count <= 0) return;
    const first = address / 4;
    this.#data.set(this.#elements().subarray(first, first + count), slot);
  }

  #fetch(slot: number, address: number, count: number): void {
    if (count <= 0) return;
    this.#elements().set(this.#data.subarray(slot, slot + count), address / 4);
  }

  #sumSmall(slots: number, target: number, count: number): void {
    const data = this.#data;
    const elements = this.#elements();
    const end = slots + this.replicas * SLOT_SIZE;
    for (let i = 0; i < count; i++) {
      let sum = data[slots + i];
      for (let slot = slots + SLOT_SIZE; slot < end; slot += SLOT_SIZE) {
        sum = Math.fround(sum + data[slot + i]);
      }
      elements[target / 4 + i] = sum;
    }
  }

  #sumLarge(slots: number, target: number, count: number): void {
    this.#fetch(slots, target, count);
    for (let r = 1; r < this.replicas; r++) {
      this.#fetch(slots + r * SLOT_SIZE, this.#scratch, count);
      this.#add(target, this.#scratch, target, count);
    }
  }

  /**
   * own = x₀ + x₁ + …, added from left to right, where this replica's term is `own` itself and the
   * others' lie in their slots.
   */
  #reduceOwn(slots: number, own: number, segment: number, count: number): void {
    if (count <= 0) return;
    const { replica, replicas } = this;
    const term = this.#scratch;
    const sum = replica === 0 ? own : this.#scratch + 4 * SLOT_SIZE;
    if (replica !== 0) this.#fetch(slots + segmentPlace(0, replica, segment), sum, count);
    for (let r = 1; r < replicas; r++) {
      if (r !== replica) this.#fetch(slots + segmentPlace(r, replica, segment), term, count);
      this.#add(sum, r === replica ? own : term, r === replicas - 1 ? own : sum, count);
    }
  }
}

/** Where in a round's slots lies what replica `from` publishes for replica `to`. */
function segmentPlace(from: number, to: number, segment: number): number {
  return from * SLOT_SIZE + (to < from ? to : to - 1) * segment;
}
