import type { BindContext } from '../binding.js';
import type { BoundCall } from '../bound-call.js';

/** A GEMM of the replica's provider over contiguous matrices at these addresses; see `GemmShape`. */
export function bindGemm(
  { gemm }: BindContext,
  m: number,
  n: number,
  k: number,
  a: number,
  b: number,
  c: number,
  flags: { transposeA?: boolean; transposeB?: boolean; accumulate?: boolean } = {},
): BoundCall {
  const shape = { m, n, k, transposeA: false, transposeB: false, accumulate: false, ...flags };
  return gemm.bind(shape, a, b, c);
}
