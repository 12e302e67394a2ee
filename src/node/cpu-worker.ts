import { parentPort } from 'node:worker_threads';
import { ExecutorError } from '../core/errors.js';
import { createWasmGemm } from '../runtime/cpu/gemm-wasm.js';
import type { HostMessage } from '../runtime/cpu/messages.js';
import { type GemmFactory, serveReplica } from '../runtime/cpu/replica-worker.js';
import { onnxGemm } from './gemm-onnxruntime.js';
import { OnnxGraphEngine } from './onnx-graph/onnx-graph-engine.js';
import { loadOnnxRuntime } from './onnx-sessions.js';

const createGemm: GemmFactory = async ({ choice, kernels, memory, scratch }) => {
  let reason = '';
  if (choice !== 'wasm') {
    try {
      const runtime = await loadOnnxRuntime();
      return {
        gemm: onnxGemm(memory, runtime),
        label: 'onnxruntime',
        graphs: new OnnxGraphEngine(runtime),
      };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (choice === 'onnxruntime') {
        throw new ExecutorError(`gemm 'onnxruntime' cannot be used: ${message}`);
      }
      reason = ` (${message})`;
    }
  }
  return { gemm: createWasmGemm(kernels, scratch), label: `wasm${reason}` };
};

if (parentPort !== null) {
  const port = parentPort;
  // Of errors only messages leave this thread, and a product without its copy ends in one every time.
  Error.stackTraceLimit = 0;
  serveReplica(
    {
      post: (message) => port.postMessage(message),
      listen: (receive) => port.on('message', (message: HostMessage) => receive(message)),
      close: () => port.close(),
    },
    createGemm,
  );
}
