import { defaultKernelChoice } from '../plan/kernel-choice.js';
import type { GemmProvider } from '../runtime/cpu/gemm-provider.js';
import { hasAvx512 } from './has-avx512.js';
import { loadOnnxRuntime, type OnnxRuntime } from './onnx-sessions.js';

/**
 * `onnxGemm` over a runtime of its own.
 * @throws ExecutorError when the library does not load; the message says why.
 */
export async function createOnnxGemm(memory: WebAssembly.Memory): Promise<GemmProvider> {
  return onnxGemm(memory, await loadOnnxRuntime());
}

/**
 * Matrix products by `onnxruntime-node`, at native speed, in place in a plain WebAssembly memory. Calls
 * hold views of the memory: bind them again after it has grown.
 */
export function onnxGemm(memory: WebAssembly.Memory, runtime: OnnxRuntime): GemmProvider {
  const view = (address: number, rows: number, columns: number) =>
    new Float32Array(memory.buffer, address, rows * columns);
  const tensor = (address: number, rows: number, columns: number) =>
    runtime.tensor(view(address, rows, columns), [rows, columns]);
  return {
    name: 'onnxruntime',
    choice: hasAvx512() ? { directDepth: 0, flopsPerMove: Infinity } : defaultKernelChoice,
    bind({ m, n, k, transposeA, transposeB, accumulate }, products) {
      if (m === 0 || n === 0 || (k === 0 && accumulate)) return () => {};
      if (k === 0) {
        const zeroed = products.map(({ c }) => view(c, m, n));
        return () => {
          for (const matrix of zeroed) matrix.fill(0);
        };
      }
      const variant = { transposeA, transposeB, accumulate, count: products.length };
      const operands = products.map(({ a, b, c }) => ({
        a: transposeA ? tensor(a, k, m) : tensor(a, m, k),
        b: transposeB ? tensor(b, n, k) : tensor(b, k, n),
        y: tensor(c, m, n),
      }));
      return runtime.products({ variant, operands, bytes: 4 * m * n * products.length });
    },
    dispose: () => runtime.dispose(),
  };
}
