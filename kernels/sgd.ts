import { loadLanes, storeLanes } from './lanes';

/** w −= rate · g over `count` elements. newW may be w. */
export function sgd_f32(w: usize, g: usize, newW: usize, count: i32, rate: f32): void {
  const vRate = f32x4.splat(rate);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const step = f32x4.mul(loadLanes(g + at, lanes), vRate);
    storeLanes(newW + at, f32x4.sub(loadLanes(w + at, lanes), step), lanes);
  }
}

/**
 * m = momentum · m − rate · g, then w += m or, with Nesterov, w += momentum · m − rate · g, over
 * `count` elements. Each result may be its operand.
 */
export function sgdMomentum_f32(
  w: usize,
  g: usize,
  m: usize,
  newW: usize,
  newM: usize,
  count: i32,
  rate: f32,
  momentum: f32,
  nesterov: i32,
): void {
  const vRate = f32x4.splat(rate);
  const vMomentum = f32x4.splat(momentum);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const step = f32x4.mul(loadLanes(g + at, lanes), vRate);
    const nextM = f32x4.sub(f32x4.mul(loadLanes(m + at, lanes), vMomentum), step);
    const move = nesterov ? f32x4.sub(f32x4.mul(nextM, vMomentum), step) : nextM;
    storeLanes(newM + at, nextM, lanes);
    storeLanes(newW + at, f32x4.add(loadLanes(w + at, lanes), move), lanes);
  }
}
