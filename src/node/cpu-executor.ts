import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CpuExecutor } from '../runtime/cpu/cpu-executor.js';
import type { HostMessage, WorkerMessage } from '../runtime/cpu/messages.js';
import type { WorkerConnection, WorkerEvents, WorkerHost } from '../runtime/cpu/worker-host.js';
import { allowRelaxedSimd } from './relaxed-simd.js';

/** Most replicas that are started unless asked for more: beyond, the exchange outweighs the gain. */
const DEFAULT_REPLICAS_LIMIT = 8;

/** Options of `createCpuExecutor` in Node. */
export interface CpuExecutorOptions {
  /** Workers that share each batch. Default: the cores available, at most 8. */
  replicas?: number;
  /** Who computes matrix products. Default: onnxruntime-node where it loads, else WebAssembly. */
  gemm?: 'onnxruntime' | 'wasm';
  /** Time every kernel call. Default: false. */
  profile?: boolean;
  /**
   * Whether predictions and evaluations run as graphs with the weights built in, where that can be had:
   * with onnxruntime-node, and not while kernel calls are timed. Default: true.
   */
  graphs?: boolean;
}

/**
 * Starts an executor on the processor's cores. A program that forgets to dispose of it still ends.
 * @throws ValueError for a replica count that is not a whole number from 1.
 * @throws ExecutorError when a worker cannot start, or `gemm: 'onnxruntime'` cannot be had.
 */
export function createCpuExecutor(options: CpuExecutorOptions = {}): Promise<CpuExecutor> {
  allowRelaxedSimd();
  return CpuExecutor.create(threadHost, {
    replicas: options.replicas ?? Math.min(availableParallelism(), DEFAULT_REPLICAS_LIMIT),
    gemm: options.gemm ?? 'auto',
    profile: options.profile ?? false,
    graphs: options.graphs ?? true,
  });
}

const threadHost: WorkerHost = {
  spawn: (index, events) => new ThreadConnection(index, events),
};

class ThreadConnection implements WorkerConnection {
  readonly #worker: Worker;
  readonly #gone: Promise<void>;

  constructor(index: number, events: WorkerEvents) {
    this.#worker = new Worker(new URL('./cpu-worker.js', import.meta.url), {
      name: `residuum replica ${index}`,
      // The program's own flags may make no sense here: `--input-type`, loaders.
      execArgv: [],
    });
    this.#worker.on('message', (message: WorkerMessage) => events.message(message));
    this.#worker.on('error', (error) => {
      events.failure(`the worker of replica ${index} died: ${error.message}`);
    });
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        events.failure(`the worker of replica ${index} ended with exit code ${code}.`);
        resolve();
      });
    });
  }

  post(message: HostMessage): void {
    this.#worker.postMessage(message);
  }

  hold(waiting: boolean): void {
    if (waiting) this.#worker.ref();
    else this.#worker.unref();
  }

  close(): Promise<void> {
    return this.#gone;
  }
}
