import type { Binder } from '../binding.js';

/** c `[m, n]` = op(a) · op(b), by the replica's GEMM provider. */
export const bindMatmul: Binder<'matmul'> = ({ reads, writes, attributes }, { address, gemm }) =>
  gemm.bind({ ...attributes, accumulate: false }, [
    { a: address(reads.a), b: address(reads.b), c: address(writes.c) },
  ]);
