import { storeLanes } from './lanes';

/** y[i] = value, `size` elements. */
export function fill_f32(y: usize, size: i32, value: f32): void {
  const lanes = f32x4.splat(value);
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    v128.store(y, lanes);
    y += 16;
  }
  if (i < size) storeLanes(y, lanes, size - i);
}

/** y[i] = scale · x[0], `size` elements. */
export function spreadScalar_f32(x: usize, y: usize, size: i32, scale: f64): void {
  fill_f32(y, size, <f32>(scale * <f64>load<f32>(x)));
}
