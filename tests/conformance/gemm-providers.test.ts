import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExecutorError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { createOnnxGemm } from '../../src/node/gemm-onnxruntime.js';
import { loadOnnxRuntime, type OnnxRuntime } from '../../src/node/onnx-sessions.js';
import { allowRelaxedSimd } from '../../src/node/relaxed-simd.js';
import type { GemmProvider, GemmShape } from '../../src/runtime/cpu/gemm-provider.js';
import { createWasmGemm } from '../../src/runtime/cpu/gemm-wasm.js';
import { compileKernels, instantiateKernels } from '../../src/runtime/cpu/kernel-module.js';

allowRelaxedSimd();

const BASE = 2 ** 20;
/** Untouched elements behind c, to catch writes past its end. */
const MARGIN = 16;

/** Every provider, or the reason why it is not here. */
const providers: Record<string, (memory: WebAssembly.Memory) => Promise<GemmProvider | string>> = {
  wasm: async (memory) => {
    const kernels = instantiateKernels({ ...compileKernels(), fused: null }, memory);
    return createWasmGemm(kernels, BASE / 4);
  },
  'wasm that rounds once': async (memory) => {
    const modules = compileKernels();
    if (modules.fused === null) return 'this engine has no relaxed SIMD';
    return createWasmGemm(instantiateKernels(modules, memory), BASE / 4);
  },
  onnxruntime: async (memory) => {
    try {
      return await createOnnxGemm(memory);
    } catch (error) {
      if (error instanceof ExecutorError) return error.message;
      throw error;
    }
  },
};

/** [m, n, k]: empty, single, below, at and above the sizes of tiles and blocks. */
const SIZES: [number, number, number][] = [
  [0, 3, 2],
  [3, 0, 2],
  [3, 5, 0],
  [1, 1, 1],
  [1, 9, 5],
  [6, 1, 70],
  [4, 8, 4],
  [5, 9, 3],
  [33, 47, 65],
  [130, 17, 300],
  [7, 530, 129],
  // An output of which ONNX Runtime's copy is left out.
  [130, 190, 20],
];

function product(shape: GemmShape, a: Float32Array, b: Float32Array, c: Float32Array) {
  const { m, n, k, transposeA, transposeB, accumulate } = shape;
  return Float64Array.from({ length: m * n }, (_, place) => {
    const i = Math.floor(place / n);
    const j = place % n;
    let sum = accumulate ? c[place] : 0;
    for (let p = 0; p < k; p++) {
      sum += a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
    }
    return sum;
  });
}

test('the pinned version of ONNX Runtime lets large products go without its copy', async (t) => {
  const runtime = await loadOnnxRuntime().catch((error: unknown) => error);
  if (runtime instanceof ExecutorError) return t.skip(runtime.message);
  assert.ok((runtime as OnnxRuntime).uncopied);
});

for (const [name, create] of Object.entries(providers)) {
  test(`GEMM by ${name}: every size, transposition and accumulation, one or several, in place`, async (t) => {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
    const gemm = await create(memory);
    if (typeof gemm === 'string') {
      t.skip(gemm);
      return;
    }
    const random = new Random(7);
    for (const [m, n, k] of SIZES) {
      for (let flags = 0; flags < 8; flags++) {
        const shape = {
          m,
          n,
          k,
          transposeA: (flags & 1) !== 0,
          transposeB: (flags & 2) !== 0,
          accumulate: (flags & 4) !== 0,
        };
        let end = BASE;
        const place = (size: number) => {
          const array = new Float32Array(memory.buffer, end, size);
          array.set(Float32Array.from(array, () => random.normal()));
          end += array.byteLength;
          return array;
        };
        const products = Array.from({ length: flags % 3 === 0 ? 3 : 1 }, () => {
          return { a: place(m * k), b: place(k * n), c: place(m * n + MARGIN) };
        });
        const before = products.map(({ c }) => c.slice());
        const expected = products.map(({ a, b }, p) => product(shape, a, b, before[p]));
        const addresses = products.map(({ a, b, c }) => {
          return { a: a.byteOffset, b: b.byteOffset, c: c.byteOffset };
        });
        const call = gemm.bind(shape, addresses);

        await call();
        const first = products.map(({ c }) => c.slice());
        const label = JSON.stringify(shape);
        for (const p of products.keys()) {
          for (let i = 0; i < m * n; i++) {
            const error = Math.abs(first[p][i] - expected[p][i]);
            assert.ok(error <= 2e-6 * Math.sqrt(k + 1) * 4, `${label} at ${i}: off by ${error}`);
          }
          const [behind, untouched] = [first, before].map((all) => all[p].subarray(m * n));
          assert.deepEqual(behind, untouched, `${label} wrote past c`);
        }

        products.forEach(({ c }, p) => {
          c.set(before[p]);
        });
        await call();
        for (const [p, { c }] of products.entries()) {
          assert.deepEqual(c, first[p], `${label}: a second run gave other bits`);
        }
      }
    }
    await gemm.dispose();
  });
}
