import { narrow, storeLanes } from './lanes';

const MULTIPLIER_0: u32 = 0xd2511f53;
const MULTIPLIER_1: u32 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/** Two draws as doubles in [−1, 1), times limit. */
function place(words: v128, limit: v128): v128 {
  const scaled = f64x2.mul(f64x2.convert_low_i32x4_u(words), f64x2.splat(1.0 / 2147483648.0));
  return f64x2.mul(f64x2.sub(scaled, f64x2.splat(1)), limit);
}

/** Four draws. */
function spread(words: v128, limit: v128): v128 {
  const high = v128.shuffle<u32>(words, words, 2, 3, 2, 3);
  return narrow(place(words, limit), place(high, limit));
}

/**
 * y[i] = (2 · u / 2³² − 1) · limit, in double precision and then rounded, where u is word i mod 4 of the
 * block with the counter (⌊i / 4⌋, 0, stream0, stream1) under the key (Philox4x32-10; Salmon et al.,
 * 2011): what `Random.uniform` draws. Four blocks at a time, one a lane. size ≤ 2³³.
 */
export function uniform_f32(
  y: usize,
  size: i32,
  limit: f64,
  stream0: u32,
  stream1: u32,
  key0: u32,
  key1: u32,
): void {
  const limits = f64x2.splat(limit);
  const factor0 = i32x4.splat(MULTIPLIER_0);
  const factor1 = i32x4.splat(MULTIPLIER_1);
  let counters = i32x4(0, 1, 2, 3);
  let left = size;
  while (left > 0) {
    let c0 = counters;
    let c1 = i32x4.splat(0);
    let c2 = i32x4.splat(stream0);
    let c3 = i32x4.splat(stream1);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < ROUNDS; round++) {
      const low0 = i64x2.extmul_low_i32x4_u(c0, factor0);
      const high0 = i64x2.extmul_high_i32x4_u(c0, factor0);
      const low1 = i64x2.extmul_low_i32x4_u(c2, factor1);
      const high1 = i64x2.extmul_high_i32x4_u(c2, factor1);
      c0 = v128.xor(v128.xor(upper(low1, high1), c1), i32x4.splat(k0));
      c1 = lower(low1, high1);
      c2 = v128.xor(v128.xor(upper(low0, high0), c3), i32x4.splat(k1));
      c3 = lower(low0, high0);
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    // Lane b holds block b: transposed, the words of a block lie side by side.
    const even0 = v128.shuffle<u32>(c0, c1, 0, 4, 1, 5);
    const odd0 = v128.shuffle<u32>(c2, c3, 0, 4, 1, 5);
    const even1 = v128.shuffle<u32>(c0, c1, 2, 6, 3, 7);
    const odd1 = v128.shuffle<u32>(c2, c3, 2, 6, 3, 7);
    put(y, spread(v128.shuffle<u64>(even0, odd0, 0, 2), limits), left);
    put(y + 16, spread(v128.shuffle<u64>(even0, odd0, 1, 3), limits), left - 4);
    put(y + 32, spread(v128.shuffle<u64>(even1, odd1, 0, 2), limits), left - 8);
    put(y + 48, spread(v128.shuffle<u64>(even1, odd1, 1, 3), limits), left - 12);
    counters = i32x4.add(counters, i32x4.splat(4));
    y += 64;
    left -= 16;
  }
}

/** The upper halves of four products. */
function upper(low: v128, high: v128): v128 {
  return v128.shuffle<u32>(low, high, 1, 3, 5, 7);
}

/** The lower halves of four products. */
function lower(low: v128, high: v128): v128 {
  return v128.shuffle<u32>(low, high, 0, 2, 4, 6);
}

/** The first `left` of four floats, if any are left. */
function put(y: usize, v: v128, left: i32): void {
  if (left > 0) storeLanes(y, v, left);
}
