import { loadLanes, narrow, storeLanes, widenHigh, widenLow } from './lanes';
import { PANEL, ROW_BLOCK, SCRATCH, STRIPE } from './scratch';
import * as variant from './variant';

/**
 * State of a stripe, 28 bytes a channel: mean, Σg and Σg·(x − mean) of a panel (single precision), and
 * both sums of all panels before (double precision).
 */
const MEAN: usize = SCRATCH;
const SUM: usize = SCRATCH + 4 * STRIPE;
const PRODUCT: usize = SCRATCH + 8 * STRIPE;
const TOTAL_SUM: usize = SCRATCH + 12 * STRIPE;
const TOTAL_PRODUCT: usize = SCRATCH + 20 * STRIPE;

function addRows<Relu>(
  x: usize,
  dy: usize,
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
    let sum0 = v128.load(SUM + at);
    let sum1 = v128.load(SUM + at, 16);
    let product0 = v128.load(PRODUCT + at);
    let product1 = v128.load(PRODUCT + at, 16);
    let p = at;
    for (let r = 0; r < rows; r++) {
      let g0 = v128.load(dy + p);
      let g1 = v128.load(dy + p, 16);
      if (variant.isOn<Relu>()) {
        g0 = v128.and(g0, f32x4.gt(v128.load(y + p), zero));
        g1 = v128.and(g1, f32x4.gt(v128.load(y + p, 16), zero));
      }
      sum0 = f32x4.add(sum0, g0);
      sum1 = f32x4.add(sum1, g1);
      product0 = f32x4.add(product0, f32x4.mul(g0, f32x4.sub(v128.load(x + p), mean0)));
      product1 = f32x4.add(product1, f32x4.mul(g1, f32x4.sub(v128.load(x + p, 16), mean1)));
      p += rowBytes;
    }
    v128.store(SUM + at, sum0);
    v128.store(SUM + at, sum1, 16);
    v128.store(PRODUCT + at, product0);
    v128.store(PRODUCT + at, product1, 16);
  }
  for (; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const count = width - c;
    const mean = v128.load(MEAN + at);
    let sum = v128.load(SUM + at);
    let product = v128.load(PRODUCT + at);
    let p = at;
    for (let r = 0; r < rows; r++) {
      let g = loadLanes(dy + p, count);
      if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(loadLanes(y + p, count), zero));
      sum = f32x4.add(sum, g);
      product = f32x4.add(product, f32x4.mul(g, f32x4.sub(loadLanes(x + p, count), mean)));
      p += rowBytes;
    }
    v128.store(SUM + at, sum);
    v128.store(PRODUCT + at, product);
  }
}

function move(partial: usize, total: usize): void {
  const part = v128.load(partial);
  v128.store(total, f64x2.add(v128.load(total), widenLow(part)));
  v128.store(total, f64x2.add(v128.load(total, 16), widenHigh(part)), 16);
  v128.store(partial, f32x4.splat(0));
}

function endPanel(width: i32): void {
  for (let c = 0; c < width; c += 4) {
    const at = (<usize>c) << 2;
    move(SUM + at, TOTAL_SUM + 2 * at);
    move(PRODUCT + at, TOTAL_PRODUCT + 2 * at);
  }
}

/**
 * sums `[2, channels]` = Σ g, Σ g · (x − mean) · rstd along the rows of x and dy `[rows, channels]`,
 * with g = dy where y > 0 (y may be 0, meaning no relu: g = dy).
 */
export function batchNormGradientSums_f32(
  x: usize,
  dy: usize,
  y: usize,
  mean: usize,
  rstd: usize,
  sums: usize,
  rows: i32,
  channels: i32,
): void {
  const rowBytes = (<usize>channels) << 2;
  for (let first = 0; first < channels; first += STRIPE) {
    const width = min(STRIPE, channels - first);
    const skip = (<usize>first) << 2;
    memory.fill(SCRATCH, 0, 28 * STRIPE);
    memory.copy(MEAN, mean + skip, (<usize>width) << 2);
    for (let r = 0; r < rows; r += ROW_BLOCK) {
      const count = min(ROW_BLOCK, rows - r);
      const at = <usize>r * rowBytes + skip;
      if (y) addRows<variant.On>(x + at, dy + at, y + at, count, width, rowBytes);
      else addRows<variant.Off>(x + at, dy + at, y, count, width, rowBytes);
      if ((r + ROW_BLOCK) % PANEL == 0) endPanel(width);
    }
    endPanel(width);
    for (let c = 0; c < width; c += 4) {
      const at = (<usize>c) << 2;
      const wide = (<usize>c) << 3;
      const r = loadLanes(rstd + skip + at, width - c);
      const low = f64x2.mul(v128.load(TOTAL_PRODUCT + wide), widenLow(r));
      const high = f64x2.mul(v128.load(TOTAL_PRODUCT + wide, 16), widenHigh(r));
      const sum = narrow(v128.load(TOTAL_SUM + wide), v128.load(TOTAL_SUM + wide, 16));
      storeLanes(sums + skip + at, sum, width - c);
      storeLanes(sums + rowBytes + skip + at, narrow(low, high), width - c);
    }
  }
}
