import { availableParallelism, cpus, totalmem } from 'node:os';
import { dense } from '../layers/dense.js';
import { input } from '../layers/input-layer.js';
import { Model } from '../models/model.js';
import { createCpuExecutor } from './cpu-executor.js';
import { defaultCacheFolder } from './data/dataset-folders.js';
import { allowRelaxedSimd } from './relaxed-simd.js';

/** What matters of a machine for training. */
export interface Machine {
  /** Cores that this process may use. */
  readonly cores: number;
  readonly processor: string;
  /** Bytes of memory; what the process may use where a limit is set. */
  readonly memory: number;
  readonly node: string;
  readonly platform: string;
  readonly webAssembly: { readonly simd: boolean; readonly relaxedSimd: boolean };
  /** Whether workers can share memory. */
  readonly sharedMemory: boolean;
  /** Folder that downloads are kept in. */
  readonly cacheFolder: string;
}

/** A module with one function of an instruction of the SIMD extension: `i8x16.popcnt`. */
const SIMD_MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
];
/** Likewise of the relaxed SIMD extension: `i8x16.relaxed_swizzle`. */
const RELAXED_SIMD_MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11,
];

/** Describes this machine. */
export function describeMachine(): Machine {
  allowRelaxedSimd();
  const total = totalmem();
  const constrained = process.constrainedMemory();
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    memory: constrained !== undefined && constrained > 0 ? Math.min(constrained, total) : total,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    webAssembly: {
      simd: WebAssembly.validate(new Uint8Array(SIMD_MODULE)),
      relaxedSimd: WebAssembly.validate(new Uint8Array(RELAXED_SIMD_MODULE)),
    },
    sharedMemory: typeof SharedArrayBuffer === 'function',
    cacheFolder: defaultCacheFolder(),
  };
}

/** Size of the square matrices that speed is measured on, a row block of them for each replica. */
const SIZE = 1024;
const RUNS = 3;

/** Speed of matrix products, all replicas together. */
export interface GemmSpeed {
  readonly replicas: number;
  /** Who computed them, as the executor says. */
  readonly gemm: string;
  /** 1e9 float32 operations a second, a multiplication and an addition being two. */
  readonly gflops: number;
}

/**
 * Measures a product of 1024 × 1024 matrices, the best of three, shared by the replicas as in training.
 * @param gemm who computes; by default whom training would take.
 * @throws ExecutorError when the provider cannot be had.
 */
export async function measureGemm(gemm?: 'onnxruntime' | 'wasm'): Promise<GemmSpeed> {
  const inputs = input({ shape: [SIZE] });
  const outputs = dense({ units: SIZE, useBias: false })(inputs);
  const model = new Model({ inputs, outputs });
  model.compile({ loss: 'meanSquaredError', gemm, profile: true });
  try {
    const executor = await model.executor();
    const [plan] = await model.plans('predict', SIZE);
    const products = plan.calls.flatMap(({ kernel }, i) => (kernel === 'matmul' ? [i] : []));
    const x = { data: new Float32Array(SIZE * SIZE).fill(0.5), shape: [SIZE, SIZE] };
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run <= RUNS; run++) {
      await model.predict(x, { batchSize: SIZE });
      const milliseconds = await executor.profile();
      best = Math.min(
        best,
        products.reduce((sum, i) => sum + milliseconds[i], 0),
      );
    }
    const { replicas, gemm } = executor.description;
    return { replicas, gemm, gflops: (2 * SIZE ** 3) / (best * 1e6) };
  } finally {
    await model.dispose();
  }
}

/**
 * Who runs predictions as graphs with the weights built in; undefined where kernels run one by one.
 * @throws ExecutorError when no worker can start.
 */
export async function graphEngine(): Promise<string | undefined> {
  const executor = await createCpuExecutor({ replicas: 1 });
  const { graphs } = executor.description;
  await executor.dispose();
  return graphs;
}
