import { addLanes, loadLanes, storeLanes, widenHigh, widenLow } from './lanes';

/** Elements that are summed in single precision, over eight lanes, before double precision takes over. */
const CHUNK: i32 = 1024;
/**
 * A sum of squares between these limits has lost less than 1e-7 of itself to squares that are too small for
 * single precision, and none was too large for it; the others are taken again in double precision.
 */
const LEAST: f64 = 1e-35;
const MOST: f64 = 1e36;

/** Σ (x − y)² over `size` elements, in double precision; y may be 0, for no array. */
function exactSquares(x: usize, y: usize, size: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i = 0; i < size; i += 4) {
    const at = (<usize>i) << 2;
    const a = loadLanes(x + at, size - i);
    const b = y ? loadLanes(y + at, size - i) : f32x4.splat(0);
    const c = f64x2.sub(widenLow(a), widenLow(b));
    const d = f64x2.sub(widenHigh(a), widenHigh(b));
    low = f64x2.add(low, f64x2.mul(c, c));
    high = f64x2.add(high, f64x2.mul(d, d));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

function isSafe(squares: f64): bool {
  return squares > LEAST && squares < MOST;
}

/** Has every cache line of a and b brought from memory, many at a time; leaves a number at `y`. */
function fetch(a: usize, b: usize, y: usize, size: i32): void {
  let bits: i32 = 0;
  for (let i = 0; i < size; i += 16) {
    const at = (<usize>i) << 2;
    bits |= load<i32>(a + at) | load<i32>(b + at);
  }
  store<i32>(y, bits);
}

/**
 * Looks at `count` weights w and their gradients g before an update: copies the weights, and leaves Σ w²,
 * Σ g, Σ g² and the number of zeros in g as four doubles at `figures`. `copy` may be w.
 */
export function watchBefore_f32(w: usize, g: usize, copy: usize, figures: usize, count: i32): void {
  let weights: f64 = 0;
  let sum: f64 = 0;
  let squares: f64 = 0;
  let zeros: i32 = 0;
  const none = f32x4.splat(0);
  fetch(w, g, figures, count);
  for (let first = 0; first < count; first += CHUNK) {
    const size = min(CHUNK, count - first);
    const from = (<usize>first) << 2;
    let w0 = none;
    let w1 = none;
    let s0 = none;
    let s1 = none;
    let q0 = none;
    let q1 = none;
    let z0 = i32x4.splat(0);
    let z1 = i32x4.splat(0);
    let at = from;
    let left = size;
    for (; left >= 8; left -= 8) {
      const a = v128.load(w + at);
      const b = v128.load(w + at, 16);
      const c = v128.load(g + at);
      const d = v128.load(g + at, 16);
      v128.store(copy + at, a);
      v128.store(copy + at, b, 16);
      w0 = f32x4.add(w0, f32x4.mul(a, a));
      w1 = f32x4.add(w1, f32x4.mul(b, b));
      s0 = f32x4.add(s0, c);
      s1 = f32x4.add(s1, d);
      q0 = f32x4.add(q0, f32x4.mul(c, c));
      q1 = f32x4.add(q1, f32x4.mul(d, d));
      z0 = i32x4.sub(z0, f32x4.eq(c, none));
      z1 = i32x4.sub(z1, f32x4.eq(d, none));
      at += 32;
    }
    for (; left > 0; left -= 4) {
      const a = loadLanes(w + at, left);
      const c = loadLanes(g + at, left);
      storeLanes(copy + at, a, left);
      w0 = f32x4.add(w0, f32x4.mul(a, a));
      s0 = f32x4.add(s0, c);
      q0 = f32x4.add(q0, f32x4.mul(c, c));
      z0 = i32x4.sub(z0, f32x4.eq(c, none));
      // Lanes behind the end hold no zero of g.
      zeros -= max(0, 4 - left);
      at += 16;
    }
    const ofWeights = addLanes(w0) + addLanes(w1);
    weights += isSafe(ofWeights) ? ofWeights : exactSquares(copy + from, 0, size);
    sum += addLanes(s0) + addLanes(s1);
    const z = i32x4.add(z0, z1);
    const found =
      i32x4.extract_lane(z, 0) +
      i32x4.extract_lane(z, 1) +
      i32x4.extract_lane(z, 2) +
      i32x4.extract_lane(z, 3);
    zeros += found;
    const ofGradients = addLanes(q0) + addLanes(q1);
    if (isSafe(ofGradients)) squares += ofGradients;
    else if (found < size) squares += exactSquares(g + from, 0, size);
  }
  store<f64>(figures, weights);
  store<f64>(figures, sum, 8);
  store<f64>(figures, squares, 16);
  store<f64>(figures, <f64>zeros, 24);
}

/** Σ (w − copy)² over `count` elements: how far an update has moved weights from their copies. */
export function watchAfter_f32(w: usize, copy: usize, count: i32): f64 {
  let total: f64 = 0;
  for (let first = 0; first < count; first += CHUNK) {
    const size = min(CHUNK, count - first);
    const from = (<usize>first) << 2;
    let q0 = f32x4.splat(0);
    let q1 = f32x4.splat(0);
    let at = from;
    let left = size;
    for (; left >= 8; left -= 8) {
      const a = f32x4.sub(v128.load(w + at), v128.load(copy + at));
      const b = f32x4.sub(v128.load(w + at, 16), v128.load(copy + at, 16));
      q0 = f32x4.add(q0, f32x4.mul(a, a));
      q1 = f32x4.add(q1, f32x4.mul(b, b));
      at += 32;
    }
    for (; left > 0; left -= 4) {
      const a = f32x4.sub(loadLanes(w + at, left), loadLanes(copy + at, left));
      q0 = f32x4.add(q0, f32x4.mul(a, a));
      at += 16;
    }
    const squares = addLanes(q0) + addLanes(q1);
    total += isSafe(squares) ? squares : exactSquares(w + from, copy + from, size);
  }
  return total;
}
