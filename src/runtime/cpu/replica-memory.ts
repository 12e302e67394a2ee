import { ExecutorError } from '../../core/errors.js';

const PAGE = 65536;
/** 32-bit WebAssembly can address 4 GiB. */
const LIMIT = 2 ** 32;
const LINE = 64;

/**
 * The memory of one replica, from low to high addresses: what kernels reserve, scratch of GEMM and
 * collective, the state arena, the scratch arena. Arenas only grow; growing keeps the state.
 */
export class ReplicaMemory {
  readonly memory: WebAssembly.Memory;
  readonly #base: number;
  #stateSize = 0;
  #scratchSize = 0;

  /** @param memory a plain memory. @param reserved bytes below the arenas. */
  constructor(memory: WebAssembly.Memory, reserved: number) {
    this.memory = memory;
    this.#base = alignUp(reserved);
    this.#grow(0, 0);
  }

  /** Elements of the state arena. */
  get stateSize(): number {
    return this.#stateSize;
  }

  /** Byte address of the state arena. */
  get state(): number {
    return this.#base;
  }

  /** Byte address of the scratch arena. */
  get scratch(): number {
    return this.#base + alignUp(4 * this.#stateSize);
  }

  /** Bytes held. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Makes a zero-filled state arena of `size` elements; addresses in the scratch arena move.
   * @throws ExecutorError when memory is short.
   */
  allocateState(size: number): void {
    const before = this.bytes;
    this.#grow(size, this.#scratchSize);
    this.#stateSize = size;
    // Pages that have just come are zero, and looking at them would make the system give them now.
    const used = Math.max(0, Math.min(size, (before - this.state) / 4));
    new Float32Array(this.memory.buffer, this.state, used).fill(0);
  }

  /**
   * Makes sure that the scratch arena has `size` elements.
   * @throws ExecutorError when memory is short.
   */
  reserveScratch(size: number): void {
    this.#grow(this.#stateSize, size);
    this.#scratchSize = Math.max(size, this.#scratchSize);
  }

  #grow(state: number, scratch: number): void {
    const needed = this.#base + alignUp(4 * state) + alignUp(4 * scratch);
    const missing = Math.ceil((needed - this.bytes) / PAGE);
    if (missing <= 0) return;
    if (needed <= LIMIT) {
      try {
        this.memory.grow(missing);
        return;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    throw new ExecutorError(
      `a replica needs ${mebibytes(needed)} (weights and optimizer ${mebibytes(4 * state)}, ` +
        `activations ${mebibytes(4 * scratch)}) but ` +
        (needed > LIMIT
          ? `can address ${mebibytes(LIMIT)}`
          : `the system refused to give more than ${mebibytes(this.bytes)}`) +
        '; use a smaller batch size.',
    );
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
