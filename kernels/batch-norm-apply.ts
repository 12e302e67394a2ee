import { loadLanes, storeLanes } from './lanes';
import { ROW_BLOCK, SCRATCH, STRIPE } from './scratch';
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

function applyRows<Adds, Relu>(
  x: usize,
  residual: usize,
  y: usize,
  rows: i32,
  width: i32,
  rowBytes: usize,
): void {
  const zero = f32x4.splat(0);
  let c = 0;
  for (; c + 8 <= width; c += 8) {
    const at = (<usize>c) << 2;
    const mean0 = v128.load(MEAN + at);
    const mean1 = v128.load(MEAN + at, 16);
    const scale0 = v128.load(SCALE + at);
    const scale1 = v128.load(SCALE + at, 16);
    const shift0 = v128.load(SHIFT + at);
    const shift1 = v128.load(SHIFT + at, 16);
    let p = at;
    for (let r = 0; r < rows; r++) {
      let v0 = normalize(v128.load(x + p), mean0, scale0, shift0);
      let v1 = normalize(v128.load(x + p, 16), mean1, scale1, shift1);
      if (variant.isOn<Adds>()) {
        v0 = f32x4.add(v0, v128.load(residual + p));
        v1 = f32x4.add(v1, v128.load(residual + p, 16));
      }
      v128.store(y + p, variant.isOn<Relu>() ? f32x4.pmax(v0, zero) : v0);
      v128.store(y + p, variant.isOn<Relu>() ? f32x4.pmax(v1, zero) : v1, 16);
      p += rowBytes;
    }
  }
  for (; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const count = width - c;
    const mean = v128.load(MEAN + at);
    const scale = v128.load(SCALE + at);
    const shift = v128.load(SHIFT + at);
    let p = at;
    for (let r = 0; r < rows; r++) {
      let v = normalize(loadLanes(x + p, count), mean, scale, shift);
      if (variant.isOn<Adds>()) v = f32x4.add(v, loadLanes(residual + p, count));
      storeLanes(y + p, variant.isOn<Relu>() ? f32x4.pmax(v, zero) : v, count);
      p += rowBytes;
    }
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
    for (let r = 0; r < rows; r += ROW_BLOCK) {
      const count = min(ROW_BLOCK, rows - r);
      const at = <usize>r * rowBytes + skip;
      const z = residual + at;
      if (residual) {
        if (relu) applyRows<variant.On, variant.On>(x + at, z, y + at, count, width, rowBytes);
        else applyRows<variant.On, variant.Off>(x + at, z, y + at, count, width, rowBytes);
      } else {
        if (relu) applyRows<variant.Off, variant.On>(x + at, z, y + at, count, width, rowBytes);
        else applyRows<variant.Off, variant.Off>(x + at, z, y + at, count, width, rowBytes);
      }
    }
  }
}
