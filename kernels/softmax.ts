/** The largest of `classes` floats; −∞ when there are none. */
export function rowMaximum(x: usize, classes: i32): f32 {
  let best: f32 = -Infinity;
  for (let c = 0; c < classes; c++) best = max(best, load<f32>(x + ((<usize>c) << 2)));
  return best;
}

/** Σ exp(x[c] − shift) over `classes` floats. */
export function sumOfExponentials(x: usize, classes: i32, shift: f64): f64 {
  let total: f64 = 0;
  for (let c = 0; c < classes; c++)
    total += Math.exp(<f64>load<f32>(x + ((<usize>c) << 2)) - shift);
  return total;
}

/** y = softmax(x) along rows of `[rows, channels]`, shifted by the row's maximum. y may be x. */
export function softmax_f32(x: usize, y: usize, rows: i32, channels: i32): void {
  const rowBytes = (<usize>channels) << 2;
  for (let r = 0; r < rows; r++) {
    const shift = <f64>rowMaximum(x, channels);
    const scale = 1 / sumOfExponentials(x, channels, shift);
    for (let c = 0; c < channels; c++) {
      const at = (<usize>c) << 2;
      store<f32>(y + at, <f32>(Math.exp(<f64>load<f32>(x + at) - shift) * scale));
    }
    x += rowBytes;
    y += rowBytes;
  }
}

/** dx = y · (dy − Σ_c dy·y) along rows of `[rows, channels]`. dx may be dy. */
export function softmaxGradient_f32(
  y: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  channels: i32,
): void {
  const rowBytes = (<usize>channels) << 2;
  for (let r = 0; r < rows; r++) {
    let dot: f64 = 0;
    for (let c = 0; c < channels; c++) {
      const at = (<usize>c) << 2;
      dot += <f64>load<f32>(y + at) * <f64>load<f32>(dy + at);
    }
    for (let c = 0; c < channels; c++) {
      const at = (<usize>c) << 2;
      store<f32>(dx + at, <f32>(<f64>load<f32>(y + at) * (<f64>load<f32>(dy + at) - dot)));
    }
    y += rowBytes;
    dy += rowBytes;
    dx += rowBytes;
  }
}
