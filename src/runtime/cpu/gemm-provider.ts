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

/** Byte addresses of the matrices of one product. */
export interface GemmOperands {
  a: number;
  b: number;
  c: number;
}

/** Who computes matrix products for a replica. */
export interface GemmProvider {
  /** Short name: `onnxruntime` or `wasm`. */
  readonly name: string;
  /** What the compiler should choose beside these products. */
  readonly choice: KernelChoice;
  /**
   * Fixes shape and addresses; the returned call computes all the products in place in memory. No product
   * reads or writes what another one writes.
   */
  bind(shape: GemmShape, products: readonly GemmOperands[]): BoundCall;
  /** Frees sessions; called once, never during a product. */
  dispose(): Promise<void>;
}
