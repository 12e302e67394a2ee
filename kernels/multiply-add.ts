/**
 * c + a · b, four floats at once: rounded once where the module is compiled for relaxed SIMD and the
 * processor can, else twice.
 */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}
