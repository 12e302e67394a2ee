import { ExecutorError, UnknownNameError } from '../core/errors.js';
import type { Executor } from '../runtime/executor.js';
import type { Callback } from '../training/callback.js';

/** Which executor runs a model, and how. */
export interface ExecutorOptions {
  /** `cpu` (default): worker threads and SIMD kernels. `reference`: plain loops that define what is right. */
  executor?: 'cpu' | 'reference';
  /** Workers that share each batch; default one for each core. */
  replicas?: number;
  /** Who computes matrix products; default `onnxruntime` where it can be loaded, else `wasm`. */
  gemm?: 'onnxruntime' | 'wasm';
  /** Whether the time of every kernel call is taken; default false. */
  profile?: boolean;
  /**
   * Whether predictions and evaluations may run as graphs with the weights built in, which takes
   * onnxruntime; default true.
   */
  graphs?: boolean;
}

const EXECUTORS = ['cpu', 'reference'];
const GEMM_PROVIDERS = ['onnxruntime', 'wasm'];

/** Throws for an executor, or a provider of products, that there is not. @throws {UnknownNameError} with the nearest. */
export function requireKnownExecutor({ executor = 'cpu', gemm = 'wasm' }: ExecutorOptions): void {
  if (!EXECUTORS.includes(executor)) throw new UnknownNameError('executor', executor, EXECUTORS);
  if (!GEMM_PROVIDERS.includes(gemm)) throw new UnknownNameError('gemm', gemm, GEMM_PROVIDERS);
}

/** What differs between Node and the browser. */
export interface Platform {
  /** Makes the executor that the options describe. */
  createExecutor(options: ExecutorOptions): Promise<Executor>;
  /** Makes the callback that shows progress when `fit` is not told to be quiet. */
  createProgress?(): Callback;
}

let current: Platform | undefined;

/** Sets what models run on; the entry of each platform calls it once. */
export function setPlatform(platform: Platform): void {
  current = platform;
}

/**
 * What models run on.
 * @throws {ExecutorError} when no platform entry was imported.
 */
export function platform(): Platform {
  if (current !== undefined) return current;
  throw new ExecutorError(
    "no platform is set up; import from 'residuum', which sets it up, instead of from an inner file",
  );
}
