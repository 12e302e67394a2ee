import type { KernelChoice } from '../../plan/kernel-choice.js';
import type { BoundCall } from './bound-call.js';

/**
 * A matrix product C `[m, n]` = op(A) · op(B), row-major and contiguous. A is `[m, k]`, or `[k, m]` when
 * transposed; B is `[k, n]`, or `[n, k]`. With `accumulate` the product is added to C.
 */
export interface GemmShape {
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
  accumulate: boolean;
}

/** Who computes matrix products for a replica. */
export interface GemmProvider {
  /** Short name: `onnxruntime` or `wasm`. */
  readonly name: string;
  /** What the compiler should choose beside these products. */
  readonly choice: KernelChoice;
  /** Fixes shape and byte addresses; the returned call computes the product in place in memory. */
  bind(shape: GemmShape, a: number, b: number, c: number): BoundCall;
  /** Frees sessions; called once, never during a product. */
  dispose(): Promise<void>;
}
