/** First input row (or column) of a window, clipped to the input. */
export function windowStart(out: i32, stride: i32, pad: i32): i32 {
  return max(0, out * stride - pad);
}

/** One past the last input row (or column) of a window, clipped to the input. */
export function windowEnd(out: i32, stride: i32, pad: i32, pool: i32, size: i32): i32 {
  return min(size, out * stride - pad + pool);
}
