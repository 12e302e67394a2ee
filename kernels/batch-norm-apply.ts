import { loadLanes, storeLanes } from './lanes';
import { SCRATCH, STRIPE } from './scratch';
import * as variant from './variant';

/** Coefficients of a stripe: y = (x − mean) · scale + shift. */
const MEAN: usize = SCRATCH;
const SCALE: usize = SCRATCH + 4 * STRIPE;
const SHIFT: usize = SCRATCH + 8 * STRIPE;

function prepare(mean: usize, rstd: usize, gamma: usize, beta: usize, width: i32): void {
  for (let c = 0; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const count = width - c;
    const r = loadLanes(rstd + at, count);
    v128.store(MEAN + at, loadLanes(mean + at, count));
    v128.store(SCALE + at, gamma ? f32x4.mul(r, loadLanes(gamma + at, count)) : r);
    v128.store(SHIFT + at, beta ? loadLanes(beta + at, count) : f32x4.splat(0));
  }
}

function normalize(x: v128, mean: v128, scale: v128, shift: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.sub(x, mean), scale), shift);
}

function applyRow<Adds, Relu>(x: usize, residual: usize, y: usize, width: i32): void {
  const zero = f32x4.splat(0);
  let c = 0;
  let at: usize = 0;
  for (; c + 4 <= width; c += 4) {
    let v = v128.load(x + at);
    v = normalize(v, v128.load(MEAN + at), v128.load(SCALE + at), v128.load(SHIFT + at));
    if (variant.isOn<Adds>()) v = f32x4.add(v, v128.load(residual + at));
    v128.store(y + at, variant.isOn<Relu>() ? f32x4.pmax(v, zero) : v);
    at += 16;
  }
  const rest = width - c;
  if (rest > 0) {
    let v = loadLanes(x + at, rest);
    v = normalize(v, v128.load(MEAN + at), v128.load(SCALE + at), v128.load(SHIFT + at));
    if (variant.isOn<Adds>()) v = f32x4.add(v, loadLanes(residual + at, rest));
    storeLanes(y + at, variant.isOn<Relu>() ? f32x4.pmax(v, zero) : v, rest);
  }
}

/**
 * y = (x − mean) · rstd · gamma + beta (+ residual), then relu where asked, x `[rows, channels]`.
 * gamma, beta and residual may be 0, meaning none. y may be x or residual.
 */
export function batchNormApply_f32(
  x: usize,
  mean: usize,
  rstd: usize,
  gamma: usize,
  beta: usize,
  residual: usize,
  y: usize,
  rows: i32,
  channels: i32,
  relu: i32,
): void {
  const rowBytes = (<usize>channels) << 2;
  for (let first = 0; first < channels; first += STRIPE) {
    const width = min(STRIPE, channels - first);
    const skip = (<usize>first) << 2;
    prepare(mean + skip, rstd + skip, gamma ? gamma + skip : 0, beta ? beta + skip : 0, width);
    for (let r = 0; r < rows; r++) {
      const at = <usize>r * rowBytes + skip;
      if (residual) {
        if (relu) applyRow<variant.On, variant.On>(x + at, residual + at, y + at, width);
        else applyRow<variant.On, variant.Off>(x + at, residual + at, y + at, width);
      } else {
        if (relu) applyRow<variant.Off, variant.On>(x + at, 0, y + at, width);
        else applyRow<variant.Off, variant.Off>(x + at, 0, y + at, width);
      }
    }
  }
}
