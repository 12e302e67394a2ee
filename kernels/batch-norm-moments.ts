import { loadLanes, narrow, storeLanes, widenHigh, widenLow } from './lanes';
import { PANEL, SCRATCH, STRIPE } from './scratch';

/**
 * State of a stripe, 28 bytes a channel: the pivot of the panel under way, Σ(x − pivot) and
 * Σ(x − pivot)² over it (single precision), and mean and M2 of all panels before (double precision).
 */
const PIVOT: usize = SCRATCH;
const SUM: usize = SCRATCH + 4 * STRIPE;
const SQUARE: usize = SCRATCH + 8 * STRIPE;
const MEAN: usize = SCRATCH + 12 * STRIPE;
const M2: usize = SCRATCH + 20 * STRIPE;
const FETCHED: usize = SCRATCH + 28 * STRIPE;

/** Rows that are read side by side, so that sums are loaded and stored once for all of them. */
const ROW_BLOCK: i32 = 8;

/**
 * Brings rows into the cache in the order of their addresses, the one that the processor prefetches
 * best: nearly twice as fast as leaving it to the strided reads of `addRows`.
 */
function fetchRows(x: usize, rows: i32, width: i32, rowBytes: usize): void {
  let seen: u32 = 0;
  for (let r = 0; r < rows; r++) {
    const end = x + ((<usize>width) << 2);
    for (let p = x; p < end; p += 64) seen ^= load<u32>(p);
    x += rowBytes;
  }
  store<u32>(FETCHED, seen);
}

/** Adds `rows` rows of `width` channels to the sums of the panel. */
function addRows(x: usize, rows: i32, width: i32, rowBytes: usize): void {
  let c = 0;
  for (; c + 8 <= width; c += 8) {
    const at = (<usize>c) << 2;
    const pivot0 = v128.load(PIVOT + at);
    const pivot1 = v128.load(PIVOT + at, 16);
    let sum0 = v128.load(SUM + at);
    let sum1 = v128.load(SUM + at, 16);
    let square0 = v128.load(SQUARE + at);
    let square1 = v128.load(SQUARE + at, 16);
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      const d0 = f32x4.sub(v128.load(p), pivot0);
      const d1 = f32x4.sub(v128.load(p, 16), pivot1);
      sum0 = f32x4.add(sum0, d0);
      sum1 = f32x4.add(sum1, d1);
      square0 = f32x4.add(square0, f32x4.mul(d0, d0));
      square1 = f32x4.add(square1, f32x4.mul(d1, d1));
      p += rowBytes;
    }
    v128.store(SUM + at, sum0);
    v128.store(SUM + at, sum1, 16);
    v128.store(SQUARE + at, square0);
    v128.store(SQUARE + at, square1, 16);
  }
  for (; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const pivot = v128.load(PIVOT + at);
    let sum = v128.load(SUM + at);
    let square = v128.load(SQUARE + at);
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      const d = f32x4.sub(loadLanes(p, width - c), pivot);
      sum = f32x4.add(sum, d);
      square = f32x4.add(square, f32x4.mul(d, d));
      p += rowBytes;
    }
    v128.store(SUM + at, sum);
    v128.store(SQUARE + at, square);
  }
}

/** Merges two channels of a panel of `rows` rows into mean and M2 of the `before` rows before. */
function merge(at: usize, pivot: v128, sum: v128, square: v128, before: f64, rows: f64): void {
  const mean = v128.load(MEAN + at);
  const shift = f64x2.mul(sum, f64x2.splat(1 / rows));
  const delta = f64x2.sub(f64x2.add(pivot, shift), mean);
  const all = before + rows;
  const between = f64x2.mul(f64x2.mul(delta, delta), f64x2.splat((before * rows) / all));
  const within = f64x2.max(f64x2.sub(square, f64x2.mul(sum, shift)), f64x2.splat(0));
  v128.store(MEAN + at, f64x2.add(mean, f64x2.mul(delta, f64x2.splat(rows / all))));
  v128.store(M2 + at, f64x2.add(v128.load(M2 + at), f64x2.add(within, between)));
}

/** Merges the panel and begins the next one, whose pivot is the mean so far. */
function endPanel(width: i32, before: f64, rows: f64): void {
  for (let c = 0; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const wide = (<usize>c) << 3;
    const pivot = v128.load(PIVOT + at);
    const sum = v128.load(SUM + at);
    const square = v128.load(SQUARE + at);
    merge(wide, widenLow(pivot), widenLow(sum), widenLow(square), before, rows);
    merge(wide + 16, widenHigh(pivot), widenHigh(sum), widenHigh(square), before, rows);
    v128.store(PIVOT + at, narrow(v128.load(MEAN + wide), v128.load(MEAN + wide, 16)));
    v128.store(SUM + at, f32x4.splat(0));
    v128.store(SQUARE + at, f32x4.splat(0));
  }
}

/**
 * moments `[2, channels]` = mean of x `[rows, channels]` along the rows, then the sum of squared
 * deviations from it. x is read once. Sums of a panel are taken about a pivot (the first row, later the
 * mean so far), so that nothing large cancels, and merged in double precision (Chan, Golub and
 * LeVeque, 1979).
 */
export function batchNormMoments_f32(x: usize, moments: usize, rows: i32, channels: i32): void {
  const rowBytes = (<usize>channels) << 2;
  for (let first = 0; first < channels; first += STRIPE) {
    const width = min(STRIPE, channels - first);
    const base = x + ((<usize>first) << 2);
    memory.fill(SCRATCH, 0, 28 * STRIPE);
    if (rows > 0) memory.copy(PIVOT, base, (<usize>width) << 2);
    let merged = 0;
    for (let r = 0; r < rows; r += ROW_BLOCK) {
      const count = min(ROW_BLOCK, rows - r);
      const block = base + <usize>r * rowBytes;
      fetchRows(block, count, width, rowBytes);
      addRows(block, count, width, rowBytes);
      const done = r + count;
      if (done - merged == PANEL || done == rows) {
        endPanel(width, <f64>merged, <f64>(done - merged));
        merged = done;
      }
    }
    const means = moments + ((<usize>first) << 2);
    for (let c = 0; c < width; c += 4) {
      const at = (<usize>c) << 2;
      const wide = (<usize>c) << 3;
      const mean = narrow(v128.load(MEAN + wide), v128.load(MEAN + wide, 16));
      const m2 = narrow(v128.load(M2 + wide), v128.load(M2 + wide, 16));
      storeLanes(means + at, mean, width - c);
      storeLanes(means + rowBytes + at, m2, width - c);
    }
  }
}
