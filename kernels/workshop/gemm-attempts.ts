import { gemm_f32, gemmScratchBytes } from '../gemm';

// Attempts at c [m, n] = op(a) · op(b), each with the arguments of gemm_f32; kernels/workshop/gemm.mjs
// checks and times them. One core of a Granite Rapids Xeon, Node 20, GFLOP/s: attempt 1: 1–2; 2: 13;
// 3: 42.

export { gemmScratchBytes };

/** 1: the definition. */
export function gemm_1(
  transposeA: bool,
  transposeB: bool,
  accumulate: bool,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  _scratch: usize,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const target = c + ((<usize>(i * n + j)) << 2);
      let sum: f32 = accumulate ? load<f32>(target) : 0;
      for (let p = 0; p < k; p++) {
        const placeA = transposeA ? p * m + i : i * k + p;
        const placeB = transposeB ? j * k + p : p * n + j;
        sum += load<f32>(a + ((<usize>placeA) << 2)) * load<f32>(b + ((<usize>placeB) << 2));
      }
      store<f32>(target, sum);
    }
  }
}

/** 2: rows of c as sums of scaled rows of b, four columns at a time; B transposed falls back to 1. */
export function gemm_2(
  transposeA: bool,
  transposeB: bool,
  accumulate: bool,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  scratch: usize,
): void {
  if (transposeB || (n & 3) !== 0) {
    gemm_1(transposeA, transposeB, accumulate, m, n, k, a, b, c, scratch);
    return;
  }
  if (!accumulate) memory.fill(c, 0, (<usize>m * <usize>n) << 2);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const placeA = transposeA ? p * m + i : i * k + p;
      const scale = v128.load_splat<f32>(a + ((<usize>placeA) << 2));
      const row = b + ((<usize>(p * n)) << 2);
      const target = c + ((<usize>(i * n)) << 2);
      for (let j: usize = 0; j < (<usize>n) << 2; j += 16) {
        const product = f32x4.mul(scale, v128.load(row + j));
        v128.store(target + j, f32x4.add(v128.load(target + j), product));
      }
    }
  }
}

/**
 * 3: the one that ships: packed panels and 4×8 register tiles. In the tile alone, 4×8 gave 42 GFLOP/s,
 * unrolled twice 36 and four times 34; 5×8 37; 6×8 35; 3×12, 2×16 and 4×12 39.
 */
export function gemm_3(
  transposeA: bool,
  transposeB: bool,
  accumulate: bool,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  scratch: usize,
): void {
  gemm_f32(transposeA, transposeB, accumulate, m, n, k, a, b, c, scratch);
}
