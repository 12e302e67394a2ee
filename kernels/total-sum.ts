import { addLanes, loadLanes } from './lanes';

/** Elements that are summed in single precision, over eight lanes, before double precision takes over. */
export const CHUNK: i32 = 512;

/** Σ x over `size` elements. */
export function sum(x: usize, size: i32): f64 {
  let total: f64 = 0;
  for (let first = 0; first < size; first += CHUNK) {
    const end = min(size, first + CHUNK);
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    let i = first;
    for (; i + 8 <= end; i += 8) {
      sum0 = f32x4.add(sum0, v128.load(x));
      sum1 = f32x4.add(sum1, v128.load(x, 16));
      x += 32;
    }
    for (; i < end; i += 4) {
      sum0 = f32x4.add(sum0, loadLanes(x, end - i));
      x += 16;
    }
    total += addLanes(sum0) + addLanes(sum1);
  }
  return total;
}

/** y[0] = scale · Σ x over `size` elements. */
export function totalSum_f32(x: usize, y: usize, size: i32, scale: f64): void {
  store<f32>(y, <f32>(scale * sum(x, size)));
}
