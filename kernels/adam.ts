import { loadLanes, storeLanes } from './lanes';

/**
 * One step of Adam over `count` elements, in place: w −= decay · w; m += (g − m)(1 − β₁);
 * v += (g² − v)(1 − β₂); w −= rate · m / (√v + epsilon). `rate` is learningRate · √(1 − β₂ᵗ)/(1 − β₁ᵗ);
 * `rest` are 1 − β; `decay` is learningRate · weightDecay.
 */
export function adam_f32(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  count: i32,
  rate: f32,
  rest1: f32,
  rest2: f32,
  epsilon: f32,
  decay: f32,
): void {
  const vRate = f32x4.splat(rate);
  const vRest1 = f32x4.splat(rest1);
  const vRest2 = f32x4.splat(rest2);
  const vEpsilon = f32x4.splat(epsilon);
  const vDecay = f32x4.splat(decay);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const full = lanes >= 4;
    const gradient = full ? v128.load(g + at) : loadLanes(g + at, lanes);
    const oldM = full ? v128.load(m + at) : loadLanes(m + at, lanes);
    const oldV = full ? v128.load(v + at) : loadLanes(v + at, lanes);
    const oldW = full ? v128.load(w + at) : loadLanes(w + at, lanes);
    const nextM = f32x4.add(oldM, f32x4.mul(f32x4.sub(gradient, oldM), vRest1));
    const square = f32x4.mul(gradient, gradient);
    const nextV = f32x4.add(oldV, f32x4.mul(f32x4.sub(square, oldV), vRest2));
    const root = f32x4.add(f32x4.sqrt(nextV), vEpsilon);
    const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
    const nextW = f32x4.sub(decayed, f32x4.div(f32x4.mul(vRate, nextM), root));
    if (full) {
      v128.store(m + at, nextM);
      v128.store(v + at, nextV);
      v128.store(w + at, nextW);
    } else {
      storeLanes(m + at, nextM, lanes);
      storeLanes(v + at, nextV, lanes);
      storeLanes(w + at, nextW, lanes);
    }
  }
}
