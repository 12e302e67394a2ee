const MULTIPLIER_0: u64 = 0xd2511f53;
const MULTIPLIER_1: u64 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/** Fourth word of the counter, so that no other use of the key meets the same block: "drop". */
const DOMAIN: u32 = 0x64726f70;

/** The block with the given counter and key as four u32 lanes (Philox4x32-10; Salmon et al., 2011). */
function block(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): v128 {
  for (let round = 0; round < ROUNDS; round++) {
    const product0 = MULTIPLIER_0 * <u64>c0;
    const product1 = MULTIPLIER_1 * <u64>c2;
    c0 = <u32>(product1 >> 32) ^ c1 ^ k0;
    c1 = <u32>product1;
    c2 = <u32>(product0 >> 32) ^ c3 ^ k1;
    c3 = <u32>product0;
    k0 += WEYL_0;
    k1 += WEYL_1;
  }
  let words = i32x4.splat(c0);
  words = i32x4.replace_lane(words, 1, c1);
  words = i32x4.replace_lane(words, 2, c2);
  return i32x4.replace_lane(words, 3, c3);
}

function keeps(kept: v128, lane: i32): bool {
  return ((i32x4.bitmask(kept) >> lane) & 1) != 0;
}

/**
 * y = x · scale where the draw of the element is kept, else 0. Element i draws word (offset + i) mod 4
 * of block (⌊(offset + i) / 4⌋, step, stream, "drop") under the key; kept are words ≥ threshold, a
 * whole number ≤ 2³² − 1. y may be x.
 */
export function dropout_f32(
  x: usize,
  y: usize,
  size: i32,
  scale: f32,
  threshold: u32,
  offset: f64,
  step: u32,
  stream: u32,
  key0: u32,
  key1: u32,
): void {
  const begin = <u64>offset;
  const end = begin + <u64>size;
  const limit = i32x4.splat(threshold);
  const factor = f32x4.splat(scale);
  let element = begin;
  while (element < end) {
    const words = block(<u32>(element >> 2), step, stream, DOMAIN, key0, key1);
    const kept = i32x4.ge_u(words, limit);
    const lane = <i32>(element & 3);
    if (lane == 0 && element + 4 <= end) {
      const scaled = f32x4.mul(v128.load(x), factor);
      v128.store(y, v128.and(scaled, kept));
      x += 16;
      y += 16;
      element += 4;
    } else {
      store<f32>(y, keeps(kept, lane) ? load<f32>(x) * scale : 0);
      x += 4;
      y += 4;
      element++;
    }
  }
}
