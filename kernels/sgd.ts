import { loadLanes, storeLanes } from './lanes';

/** w −= decay · w, then w −= rate · g over `count` elements, in place. */
export function sgd_f32(w: usize, g: usize, count: i32, rate: f32, decay: f32): void {
  const vRate = f32x4.splat(rate);
  const vDecay = f32x4.splat(decay);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const step = f32x4.mul(loadLanes(g + at, lanes), vRate);
    const oldW = loadLanes(w + at, lanes);
    const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
    storeLanes(w + at, f32x4.sub(decayed, step), lanes);
  }
}

/**
 * w −= decay · w; m = momentum · m − rate · g; then w += m or, with Nesterov, w += momentum · m −
 * rate · g, over `count` elements, in place.
 */
export function sgdMomentum_f32(
  w: usize,
  g: usize,
  m: usize,
  count: i32,
  rate: f32,
  momentum: f32,
  nesterov: i32,
  decay: f32,
): void {
  const vRate = f32x4.splat(rate);
  const vMomentum = f32x4.splat(momentum);
  const vDecay = f32x4.splat(decay);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const step = f32x4.mul(loadLanes(g + at, lanes), vRate);
    const nextM = f32x4.sub(f32x4.mul(loadLanes(m + at, lanes), vMomentum), step);
    const move = nesterov ? f32x4.sub(f32x4.mul(nextM, vMomentum), step) : nextM;
    const oldW = loadLanes(w + at, lanes);
    const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
    storeLanes(m + at, nextM, lanes);
    storeLanes(w + at, f32x4.add(decayed, move), lanes);
  }
}
