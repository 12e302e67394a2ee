import { createWasmGemm } from '../runtime/cpu/gemm-wasm.js';
import type { HostMessage, WorkerMessage } from '../runtime/cpu/messages.js';
import { serveReplica } from '../runtime/cpu/replica-worker.js';

/** What this file uses of a dedicated worker's global scope, which the DOM typings leave out. */
interface WorkerScope {
  postMessage(message: WorkerMessage): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<HostMessage>) => void): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;

serveReplica(
  {
    post: (message) => scope.postMessage(message),
    listen: (receive) => scope.addEventListener('message', (event) => receive(event.data)),
    close: () => scope.close(),
  },
  async ({ kernels, scratch }) => ({
    gemm: createWasmGemm(kernels, scratch),
    label: 'wasm',
  }),
);
