import { loadLanes, storeLanes } from './lanes';

/**
 * One step of Lion over `count` elements, in place: w −= decay · w; w −= rate · sign(β₁ · m + (1 − β₁) · g);
 * m = β₂ · m + (1 − β₂) · g. `rest` are 1 − β; `decay` is learningRate · weightDecay. The sign of 0 is 0,
 * that of NaN is NaN.
 */
export function lion_f32(
  w: usize,
  g: usize,
  m: usize,
  count: i32,
  rate: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  decay: f32,
): void {
  const vRate = f32x4.splat(rate);
  const vBeta1 = f32x4.splat(beta1);
  const vRest1 = f32x4.splat(rest1);
  const vBeta2 = f32x4.splat(beta2);
  const vRest2 = f32x4.splat(rest2);
  const vDecay = f32x4.splat(decay);
  const zero = f32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const gradient = loadLanes(g + at, lanes);
    const oldM = loadLanes(m + at, lanes);
    const oldW = loadLanes(w + at, lanes);
    const mixed = f32x4.add(f32x4.mul(oldM, vBeta1), f32x4.mul(gradient, vRest1));
    const up = v128.and(vRate, f32x4.gt(mixed, zero));
    const down = v128.and(vRate, f32x4.lt(mixed, zero));
    const step = v128.bitselect(f32x4.sub(up, down), mixed, f32x4.eq(mixed, mixed));
    const nextM = f32x4.add(f32x4.mul(oldM, vBeta2), f32x4.mul(gradient, vRest2));
    const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
    storeLanes(m + at, nextM, lanes);
    storeLanes(w + at, f32x4.sub(decayed, step), lanes);
  }
}
