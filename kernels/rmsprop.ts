import { loadLanes, storeLanes } from './lanes';

/**
 * One step of RMSprop over `count` elements, in place: w −= decay · w; v = ρ · v + (1 − ρ) · g²; with a:
 * a = ρ · a + (1 − ρ) · g; step = rate · g / √(v − a² + epsilon); with m: m = momentum · m + step and
 * w −= m, else w −= step. m and a may be 0. `decay` is learningRate · weightDecay.
 */
export function rmsprop_f32(
  w: usize,
  g: usize,
  v: usize,
  m: usize,
  a: usize,
  count: i32,
  rate: f32,
  rho: f32,
  rest: f32,
  momentum: f32,
  epsilon: f32,
  decay: f32,
): void {
  const vRate = f32x4.splat(rate);
  const vRho = f32x4.splat(rho);
  const vRest = f32x4.splat(rest);
  const vMomentum = f32x4.splat(momentum);
  const vEpsilon = f32x4.splat(epsilon);
  const vDecay = f32x4.splat(decay);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const gradient = loadLanes(g + at, lanes);
    const oldW = loadLanes(w + at, lanes);
    const square = f32x4.mul(f32x4.mul(gradient, gradient), vRest);
    const nextV = f32x4.add(f32x4.mul(loadLanes(v + at, lanes), vRho), square);
    storeLanes(v + at, nextV, lanes);
    let variance = nextV;
    if (a != 0) {
      const oldA = loadLanes(a + at, lanes);
      const nextA = f32x4.add(f32x4.mul(oldA, vRho), f32x4.mul(gradient, vRest));
      storeLanes(a + at, nextA, lanes);
      variance = f32x4.sub(nextV, f32x4.mul(nextA, nextA));
    }
    const root = f32x4.sqrt(f32x4.add(variance, vEpsilon));
    let step = f32x4.div(f32x4.mul(gradient, vRate), root);
    if (m != 0) {
      step = f32x4.add(f32x4.mul(loadLanes(m + at, lanes), vMomentum), step);
      storeLanes(m + at, step, lanes);
    }
    const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
    storeLanes(w + at, f32x4.sub(decayed, step), lanes);
  }
}
