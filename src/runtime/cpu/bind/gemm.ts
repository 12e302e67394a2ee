import type { BindContext } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import type { GemmOperands } from '../gemm-provider.js';

/** What a product does beside multiplying; see `GemmShape`. */
export interface GemmFlags {
  transposeA?: boolean;
  transposeB?: boolean;
  accumulate?: boolean;
}

/** A GEMM of the replica's provider over contiguous matrices at these addresses; see `GemmShape`. */
export function bindGemm(
  context: BindContext,
  m: number,
  n: number,
  k: number,
  a: number,
  b: number,
  c: number,
  flags?: GemmFlags,
): BoundCall {
  return bindGemms(context, m, n, k, [{ a, b, c }], flags);
}

/** Several products of one shape, of which none needs what another one writes, for the price of one call. */
export function bindGemms(
  { gemm }: BindContext,
  m: number,
  n: number,
  k: number,
  products: readonly GemmOperands[],
  flags: GemmFlags = {},
): BoundCall {
  const shape = { m, n, k, transposeA: false, transposeB: false, accumulate: false, ...flags };
  return gemm.bind(shape, products);
}
