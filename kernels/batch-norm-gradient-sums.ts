import { loadLanes, narrow, storeLanes, widenHigh, widenLow } from './lanes';
import { PANEL, SCRATCH, STRIPE } from './scratch';
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

function add(at: usize, g: v128, x: v128): void {
  const product = f32x4.mul(g, f32x4.sub(x, v128.load(MEAN + at)));
  v128.store(SUM + at, f32x4.add(v128.load(SUM + at), g));
  v128.store(PRODUCT + at, f32x4.add(v128.load(PRODUCT + at), product));
}

function addRow<Relu>(x: usize, dy: usize, y: usize, width: i32): void {
  const zero = f32x4.splat(0);
  let c = 0;
  let at: usize = 0;
  for (; c + 4 <= width; c += 4) {
    let g = v128.load(dy + at);
    if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(v128.load(y + at), zero));
    add(at, g, v128.load(x + at));
    at += 16;
  }
  const rest = width - c;
  if (rest > 0) {
    let g = loadLanes(dy + at, rest);
    if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(loadLanes(y + at, rest), zero));
    add(at, g, loadLanes(x + at, rest));
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
    for (let r = 0; r < rows; r++) {
      const at = <usize>r * rowBytes + skip;
      if (y) addRow<variant.On>(x + at, dy + at, y + at, width);
      else addRow<variant.Off>(x + at, dy + at, 0, width);
      if ((r + 1) % PANEL == 0) endPanel(width);
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
