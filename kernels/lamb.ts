import { addLanes, loadLanes, storeLanes } from './lanes';
import { CHUNK } from './total-sum';

/** m · c₁ / (√(v · c₂) + epsilon): the direction of four elements. */
function direction(m: v128, v: v128, c1: v128, c2: v128, epsilon: v128): v128 {
  const root = f32x4.add(f32x4.sqrt(f32x4.mul(v, c2)), epsilon);
  return f32x4.div(f32x4.mul(m, c1), root);
}

/**
 * First half of a step of LAMB over `count` elements of one weight: in place m += (g − m)(1 − β₁) and
 * v += (g² − v)(1 − β₂); ofWeights = Σ (w − decay · w)² and ofDirections = Σ u² with u = m · c₁ / (√(v · c₂) +
 * epsilon). `rest` are 1 − β, `correction` 1/(1 − βᵗ), `decay` is learningRate · weightDecay.
 */
export function lambMoments_f32(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  ofWeights: usize,
  ofDirections: usize,
  count: i32,
  rest1: f32,
  rest2: f32,
  correction1: f32,
  correction2: f32,
  epsilon: f32,
  decay: f32,
): void {
  const vRest1 = f32x4.splat(rest1);
  const vRest2 = f32x4.splat(rest2);
  const c1 = f32x4.splat(correction1);
  const c2 = f32x4.splat(correction2);
  const vEpsilon = f32x4.splat(epsilon);
  const vDecay = f32x4.splat(decay);
  let weights: f64 = 0;
  let directions: f64 = 0;
  for (let first = 0; first < count; first += CHUNK) {
    const end = min(count, first + CHUNK);
    let sumW = f32x4.splat(0);
    let sumU = f32x4.splat(0);
    for (let i = first; i < end; i += 4) {
      const at = (<usize>i) << 2;
      const lanes = end - i;
      const gradient = loadLanes(g + at, lanes);
      const oldM = loadLanes(m + at, lanes);
      const oldV = loadLanes(v + at, lanes);
      const oldW = loadLanes(w + at, lanes);
      const nextM = f32x4.add(oldM, f32x4.mul(f32x4.sub(gradient, oldM), vRest1));
      const square = f32x4.mul(gradient, gradient);
      const nextV = f32x4.add(oldV, f32x4.mul(f32x4.sub(square, oldV), vRest2));
      storeLanes(m + at, nextM, lanes);
      storeLanes(v + at, nextV, lanes);
      const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
      sumW = f32x4.add(sumW, f32x4.mul(decayed, decayed));
      // Lanes behind the end hold 0 / epsilon; an epsilon of 0 must not make NaN of them.
      if (lanes >= 4) {
        const u = direction(nextM, nextV, c1, c2, vEpsilon);
        sumU = f32x4.add(sumU, f32x4.mul(u, u));
      } else {
        for (let lane: usize = 0; lane < <usize>lanes; lane++) {
          const oneM = load<f32>(m + at + (lane << 2)) * correction1;
          const oneV = load<f32>(v + at + (lane << 2)) * correction2;
          const u = <f64>(oneM / (sqrt<f32>(oneV) + epsilon));
          directions += u * u;
        }
      }
    }
    weights += addLanes(sumW);
    directions += addLanes(sumU);
  }
  store<f32>(ofWeights, <f32>weights);
  store<f32>(ofDirections, <f32>directions);
}

/**
 * Second half over `count` elements of one weight, in place: w −= decay · w; w −= rate · u, u as above.
 * `rate` is learningRate times the trust ratio.
 */
export function lamb_f32(
  w: usize,
  m: usize,
  v: usize,
  count: i32,
  rate: f32,
  correction1: f32,
  correction2: f32,
  epsilon: f32,
  decay: f32,
): void {
  const vRate = f32x4.splat(rate);
  const c1 = f32x4.splat(correction1);
  const c2 = f32x4.splat(correction2);
  const vEpsilon = f32x4.splat(epsilon);
  const vDecay = f32x4.splat(decay);
  for (let i = 0; i < count; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = count - i;
    const oldW = loadLanes(w + at, lanes);
    const decayed = f32x4.sub(oldW, f32x4.mul(oldW, vDecay));
    const u = direction(loadLanes(m + at, lanes), loadLanes(v + at, lanes), c1, c2, vEpsilon);
    storeLanes(w + at, f32x4.sub(decayed, f32x4.mul(vRate, u)), lanes);
  }
}
