import { ExecutorError } from '../core/errors.js';
import { CpuExecutor } from '../runtime/cpu/cpu-executor.js';
import type { HostMessage, WorkerMessage } from '../runtime/cpu/messages.js';
import type { WorkerConnection, WorkerEvents } from '../runtime/cpu/worker-host.js';

/** Most replicas that are started unless asked for more: beyond, the exchange outweighs the gain. */
const DEFAULT_REPLICAS_LIMIT = 8;

/** Options of `createCpuExecutor` in the browser. */
export interface CpuExecutorOptions {
  /** Workers that share each batch. Default: the cores that the browser reports, at most 8. */
  replicas?: number;
  /** Only WebAssembly computes matrix products in the browser. */
  gemm?: 'wasm';
  /** Time every kernel call. Default: false. */
  profile?: boolean;
  /** Where the worker's module lies. Default: `cpu-worker.js` beside this file. */
  workerUrl?: string | URL;
}

/**
 * Starts an executor on the processor's cores, in Web Workers.
 * @throws ValueError for a replica count that is not a whole number from 1.
 * @throws ExecutorError when the page may not share memory, or a worker cannot start.
 */
export async function createCpuExecutor(options: CpuExecutorOptions = {}): Promise<CpuExecutor> {
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new ExecutorError(
      'this page may not share memory between workers; serve it cross-origin isolated, with the ' +
        'headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    );
  }
  const { workerUrl } = options;
  const host = {
    spawn: (index: number, events: WorkerEvents) => new WebConnection(index, events, workerUrl),
  };
  return CpuExecutor.create(host, {
    replicas: options.replicas ?? Math.min(navigator.hardwareConcurrency, DEFAULT_REPLICAS_LIMIT),
    gemm: 'wasm',
    profile: options.profile ?? false,
  });
}

class WebConnection implements WorkerConnection {
  readonly #worker: Worker;

  constructor(index: number, events: WorkerEvents, url: string | URL | undefined) {
    const name = `residuum replica ${index}`;
    // Bundlers find the worker only when the URL stands inside the call.
    this.#worker =
      url === undefined
        ? new Worker(new URL('./cpu-worker.js', import.meta.url), { type: 'module', name })
        : new Worker(url, { type: 'module', name });
    this.#worker.addEventListener('message', (event: MessageEvent<WorkerMessage>) => {
      events.message(event.data);
    });
    this.#worker.addEventListener('error', (event) => {
      const reason = event.message || 'its module could not be loaded';
      events.failure(`the worker of replica ${index} died: ${reason}`);
    });
  }

  post(message: HostMessage): void {
    this.#worker.postMessage(message);
  }

  /** Workers do not keep a page open. */
  hold(): void {}

  async close(): Promise<void> {
    this.#worker.terminate();
  }
}
