import { loadLanes, storeLanes } from './lanes';

/** g = (g + a) / steps and a = 0 over `count` elements. */
export function takeMean_f32(g: usize, a: usize, count: i32, steps: f32): void {
  const divisor = f32x4.splat(steps);
  const zero = f32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const sum = f32x4.add(loadLanes(g + at, lanes), loadLanes(a + at, lanes));
    storeLanes(g + at, f32x4.div(sum, divisor), lanes);
    storeLanes(a + at, zero, lanes);
  }
}

/** average = momentum · average + rest · w over `count` elements, and w = average where it overwrites. */
export function movingAverage_f32(
  w: usize,
  average: usize,
  count: i32,
  momentum: f32,
  rest: f32,
  overwrite: i32,
): void {
  const vMomentum = f32x4.splat(momentum);
  const vRest = f32x4.splat(rest);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const old = f32x4.mul(loadLanes(average + at, lanes), vMomentum);
    const next = f32x4.add(old, f32x4.mul(loadLanes(w + at, lanes), vRest));
    storeLanes(average + at, next, lanes);
    if (overwrite) storeLanes(w + at, next, lanes);
  }
}
