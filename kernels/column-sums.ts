import { loadLanes, narrow, storeLanes, widenHigh, widenLow } from './lanes';
import { PANEL, SCRATCH, STRIPE } from './scratch';

/** Rows that are read side by side, so that sums are loaded and stored once for all of them. */
const ROW_BLOCK: i32 = 8;

/** Single-precision sums of a panel, then double-precision totals: 12 bytes a channel. */
const PARTIAL: usize = SCRATCH;
const TOTAL: usize = SCRATCH + 4 * STRIPE;

/** Adds `rows` rows of `width` columns, `rowBytes` apart, to the partial sums. */
function addRows(x: usize, rows: i32, width: i32, rowBytes: usize): void {
  let c = 0;
  for (; c + 8 <= width; c += 8) {
    const at = (<usize>c) << 2;
    let sum0 = v128.load(PARTIAL + at);
    let sum1 = v128.load(PARTIAL + at, 16);
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      sum0 = f32x4.add(sum0, v128.load(p));
      sum1 = f32x4.add(sum1, v128.load(p, 16));
      p += rowBytes;
    }
    v128.store(PARTIAL + at, sum0);
    v128.store(PARTIAL + at, sum1, 16);
  }
  for (; c < width; c += 4) {
    const at = (<usize>c) << 2;
    let sum = v128.load(PARTIAL + at);
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      sum = f32x4.add(sum, loadLanes(p, width - c));
      p += rowBytes;
    }
    v128.store(PARTIAL + at, sum);
  }
}

/** Moves the partial sums of `width` columns to the totals. */
function flush(width: i32): void {
  for (let c = 0; c < width; c += 4) {
    const part = v128.load(PARTIAL + ((<usize>c) << 2));
    const total = TOTAL + ((<usize>c) << 3);
    v128.store(total, f64x2.add(v128.load(total), widenLow(part)));
    v128.store(total, f64x2.add(v128.load(total, 16), widenHigh(part)), 16);
    v128.store(PARTIAL + ((<usize>c) << 2), f32x4.splat(0));
  }
}

/** y[c] = scale · Σ_r x[r, c], x `[rows, channels]`; double precision across panels of rows. */
export function columnSums_f32(x: usize, y: usize, rows: i32, channels: i32, scale: f64): void {
  const rowBytes = (<usize>channels) << 2;
  const vScale = f64x2.splat(scale);
  for (let first = 0; first < channels; first += STRIPE) {
    const width = min(STRIPE, channels - first);
    const base = x + ((<usize>first) << 2);
    const padded = <usize>(width + 3);
    memory.fill(PARTIAL, 0, padded << 2);
    memory.fill(TOTAL, 0, padded << 3);
    for (let r = 0; r < rows; r += ROW_BLOCK) {
      addRows(base + <usize>r * rowBytes, min(ROW_BLOCK, rows - r), width, rowBytes);
      if ((r + ROW_BLOCK) % PANEL == 0) flush(width);
    }
    flush(width);
    for (let c = 0; c < width; c += 4) {
      const total = TOTAL + ((<usize>c) << 3);
      const low = f64x2.mul(v128.load(total), vScale);
      const high = f64x2.mul(v128.load(total, 16), vScale);
      storeLanes(y + ((<usize>(first + c)) << 2), narrow(low, high), width - c);
    }
  }
}
