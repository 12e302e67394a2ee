import { addLanes, loadLanes, storeLanes } from './lanes';
import { CHUNK } from './total-sum';

/** y[0] = Σ x² over `size` elements. */
export function squaredSum_f32(x: usize, y: usize, size: i32): void {
  let total: f64 = 0;
  for (let first = 0; first < size; first += CHUNK) {
    const end = min(size, first + CHUNK);
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    let i = first;
    for (; i + 8 <= end; i += 8) {
      const a = v128.load(x);
      const b = v128.load(x, 16);
      sum0 = f32x4.add(sum0, f32x4.mul(a, a));
      sum1 = f32x4.add(sum1, f32x4.mul(b, b));
      x += 32;
    }
    for (; i < end; i += 4) {
      const a = loadLanes(x, end - i);
      sum0 = f32x4.add(sum0, f32x4.mul(a, a));
      x += 16;
    }
    total += addLanes(sum0) + addLanes(sum1);
  }
  store<f32>(y, <f32>total);
}

/** Brings `size` elements into [−limit, limit], in place; NaN stays. */
export function clip_f32(x: usize, size: i32, limit: f32): void {
  const high = f32x4.splat(limit);
  const low = f32x4.splat(-limit);
  for (let i = 0; i < size; i += 4) {
    const at = x + ((<usize>i) << 2);
    const lanes = size - i;
    storeLanes(at, f32x4.min(f32x4.max(loadLanes(at, lanes), low), high), lanes);
  }
}
