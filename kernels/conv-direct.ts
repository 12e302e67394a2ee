import { copyRun, zeroRun } from './float-run';
import { loadLanes, storeLanes } from './lanes';
import { multiplyAdd } from './multiply-add';

/*
 * Convolution without patches, for few channels: there a patch matrix is all waiting for memory, and a
 * product with few columns runs slowly. One image at a time is copied into a frame of zeros, so that the
 * taps of a kernel row are one run of memory for every output pixel, border or not.
 */

/** Output pixels of a register tile. */
const TILE_PIXELS: i32 = 4;
/** Filters of a register tile, and of a panel of packed filters: two vectors. */
const PANEL_FILTERS = 8;
/** Rows of dw (tap and channel) of a register tile. */
const TILE_ROWS = 4;
/** Bytes of frame and dy that a band of the filter gradient goes over again and again. */
const BAND_BYTES: usize = 24 * 1024;

/**
 * frame `[frameHeight, frameWidth, channels]` = x `[height, width, channels]` at (top, left), 0 around it.
 */
export function frameImage_f32(
  x: usize,
  frame: usize,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  frameHeight: i32,
  frameWidth: i32,
): void {
  const rows = min(height, frameHeight - top);
  const columns = min(width, frameWidth - left);
  const lead = left * channels;
  const body = columns * channels;
  const tail = (frameWidth - left - columns) * channels;
  const line = frameWidth * channels;
  zeroRun(frame, top * line);
  frame += (<usize>(top * line)) << 2;
  for (let i = 0; i < rows; i++) {
    zeroRun(frame, lead);
    frame += (<usize>lead) << 2;
    copyRun(x, frame, body);
    frame += (<usize>body) << 2;
    zeroRun(frame, tail);
    frame += (<usize>tail) << 2;
    x += (<usize>(width * channels)) << 2;
  }
  zeroRun(frame, (frameHeight - top - rows) * line);
}

/** packed `[⌈filters / 8⌉, rows, 8]` from w `[rows, filters]`; filters that do not exist are 0. */
export function packFilters_f32(w: usize, packed: usize, rows: i32, filters: i32): void {
  const pitch = (<usize>filters) << 2;
  for (let first = 0; first < filters; first += PANEL_FILTERS) {
    const left = filters - first;
    let source = w + ((<usize>first) << 2);
    for (let row = 0; row < rows; row++) {
      v128.store(packed, loadLanes(source, left));
      v128.store(packed, left > 4 ? loadLanes(source + 16, left - 4) : f32x4.splat(0), 16);
      source += pitch;
      packed += PANEL_FILTERS << 2;
    }
  }
}

/**
 * y `[outHeight, outWidth, filters]` (+)= the convolution of one framed image with packed filters. A
 * kernel row is a run of `run` = kernelWidth · channels elements of the frame.
 */
export function convDirect_f32(
  frame: usize,
  packed: usize,
  y: usize,
  frameWidth: i32,
  channels: i32,
  filters: i32,
  kernelHeight: i32,
  run: i32,
  strideHeight: i32,
  strideWidth: i32,
  outHeight: i32,
  outWidth: i32,
  accumulate: bool,
): void {
  const line = (<usize>(frameWidth * channels)) << 2;
  const step = (<usize>(strideWidth * channels)) << 2;
  const pixelBytes = (<usize>filters) << 2;
  const panelBytes = (<usize>(kernelHeight * run) * PANEL_FILTERS) << 2;
  for (let row = 0; row < outHeight; row++) {
    let panel = packed;
    for (let first = 0; first < filters; first += PANEL_FILTERS) {
      const left = filters - first;
      let target = y + ((<usize>first) << 2);
      let source = frame;
      let pixel = 0;
      for (; pixel + TILE_PIXELS <= outWidth; pixel += TILE_PIXELS) {
        tile4(source, panel, target, line, step, kernelHeight, run, pixelBytes, left, accumulate);
        source += <usize>TILE_PIXELS * step;
        target += <usize>TILE_PIXELS * pixelBytes;
      }
      for (; pixel < outWidth; pixel++) {
        tile1(source, panel, target, line, kernelHeight, run, left, accumulate);
        source += step;
        target += pixelBytes;
      }
      panel += panelBytes;
    }
    frame += <usize>strideHeight * line;
    y += <usize>outWidth * pixelBytes;
  }
}

/** Four pixels of up to eight filters. */
function tile4(
  source: usize,
  panel: usize,
  target: usize,
  line: usize,
  step: usize,
  kernelHeight: i32,
  run: i32,
  pixelBytes: usize,
  filters: i32,
  accumulate: bool,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let i = 0; i < kernelHeight; i++) {
    let x0 = source;
    let x1 = x0 + step;
    let x2 = x1 + step;
    let x3 = x2 + step;
    const end = x0 + ((<usize>run) << 2);
    while (x0 < end) {
      const w0 = v128.load(panel);
      const w1 = v128.load(panel, 16);
      const a0 = v128.load_splat<f32>(x0);
      c00 = multiplyAdd(a0, w0, c00);
      c01 = multiplyAdd(a0, w1, c01);
      const a1 = v128.load_splat<f32>(x1);
      c10 = multiplyAdd(a1, w0, c10);
      c11 = multiplyAdd(a1, w1, c11);
      const a2 = v128.load_splat<f32>(x2);
      c20 = multiplyAdd(a2, w0, c20);
      c21 = multiplyAdd(a2, w1, c21);
      const a3 = v128.load_splat<f32>(x3);
      c30 = multiplyAdd(a3, w0, c30);
      c31 = multiplyAdd(a3, w1, c31);
      panel += PANEL_FILTERS << 2;
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
    }
    source += line;
  }
  storePixel(target, c00, c01, filters, accumulate);
  storePixel(target + pixelBytes, c10, c11, filters, accumulate);
  storePixel(target + 2 * pixelBytes, c20, c21, filters, accumulate);
  storePixel(target + 3 * pixelBytes, c30, c31, filters, accumulate);
}

/** One pixel of up to eight filters. */
function tile1(
  source: usize,
  panel: usize,
  target: usize,
  line: usize,
  kernelHeight: i32,
  run: i32,
  filters: i32,
  accumulate: bool,
): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  for (let i = 0; i < kernelHeight; i++) {
    let x = source;
    const end = x + ((<usize>run) << 2);
    while (x < end) {
      const a = v128.load_splat<f32>(x);
      c0 = multiplyAdd(a, v128.load(panel), c0);
      c1 = multiplyAdd(a, v128.load(panel, 16), c1);
      panel += PANEL_FILTERS << 2;
      x += 4;
    }
    source += line;
  }
  storePixel(target, c0, c1, filters, accumulate);
}

function storePixel(target: usize, low: v128, high: v128, filters: i32, accumulate: bool): void {
  if (accumulate) {
    low = f32x4.add(loadLanes(target, filters), low);
    if (filters > 4) high = f32x4.add(loadLanes(target + 16, filters - 4), high);
  }
  storeLanes(target, low, filters);
  if (filters > 4) storeLanes(target + 16, high, filters - 4);
}

/**
 * dw `[kernelHeight, run, filters]` += the filter gradient of one framed image with dy `[outHeight,
 * outWidth, filters]`; sums go over bands of rows that stay in the first-level cache. Up to three
 * elements behind the frame are read and not used.
 */
export function convDirectFilterGradient_f32(
  frame: usize,
  dy: usize,
  dw: usize,
  frameWidth: i32,
  channels: i32,
  filters: i32,
  kernelHeight: i32,
  run: i32,
  strideHeight: i32,
  strideWidth: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  const line = (<usize>(frameWidth * channels)) << 2;
  const step = (<usize>(strideWidth * channels)) << 2;
  const pixelBytes = (<usize>filters) << 2;
  const rowBytes = <usize>outWidth * pixelBytes;
  const bandRows = max(1, <i32>(BAND_BYTES / (<usize>strideHeight * line + rowBytes)));
  for (let row = 0; row < outHeight; row += bandRows) {
    const rows = min(bandRows, outHeight - row);
    let target = dw;
    for (let i = 0; i < kernelHeight; i++) {
      const source = frame + <usize>(row * strideHeight + i) * line;
      const gradient = dy + <usize>row * rowBytes;
      for (let r = 0; r < run; r += TILE_ROWS) {
        const tileRows = min(TILE_ROWS, run - r);
        for (let first = 0; first < filters; first += PANEL_FILTERS) {
          const left = filters - first;
          const x = source + ((<usize>r) << 2);
          const g = gradient + ((<usize>first) << 2);
          const to = target + ((<usize>(r * filters + first)) << 2);
          const down = <usize>strideHeight * line;
          if (left >= PANEL_FILTERS) {
            gradientTile(x, g, to, down, step, pixelBytes, rows, outWidth, tileRows);
          } else {
            gradientEdge(x, g, to, down, step, pixelBytes, rows, outWidth, tileRows, left);
          }
        }
      }
      target += (<usize>(run * filters)) << 2;
    }
  }
}

/** Up to four rows of dw of eight filters, summed over a band of pixels. */
function gradientTile(
  source: usize,
  dy: usize,
  target: usize,
  lineStep: usize,
  step: usize,
  pixelBytes: usize,
  rows: i32,
  outWidth: i32,
  tileRows: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let row = 0; row < rows; row++) {
    let x = source;
    const end = dy + <usize>outWidth * pixelBytes;
    while (dy < end) {
      const g0 = v128.load(dy);
      const g1 = v128.load(dy, 16);
      const a0 = v128.load_splat<f32>(x);
      c00 = multiplyAdd(a0, g0, c00);
      c01 = multiplyAdd(a0, g1, c01);
      const a1 = v128.load_splat<f32>(x, 4);
      c10 = multiplyAdd(a1, g0, c10);
      c11 = multiplyAdd(a1, g1, c11);
      const a2 = v128.load_splat<f32>(x, 8);
      c20 = multiplyAdd(a2, g0, c20);
      c21 = multiplyAdd(a2, g1, c21);
      const a3 = v128.load_splat<f32>(x, 12);
      c30 = multiplyAdd(a3, g0, c30);
      c31 = multiplyAdd(a3, g1, c31);
      dy += pixelBytes;
      x += step;
    }
    source += lineStep;
  }
  storePixel(target, c00, c01, PANEL_FILTERS, true);
  if (tileRows > 1) storePixel(target + pixelBytes, c10, c11, PANEL_FILTERS, true);
  if (tileRows > 2) storePixel(target + 2 * pixelBytes, c20, c21, PANEL_FILTERS, true);
  if (tileRows > 3) storePixel(target + 3 * pixelBytes, c30, c31, PANEL_FILTERS, true);
}

/** Up to four rows of dw of fewer than eight filters. */
function gradientEdge(
  source: usize,
  dy: usize,
  target: usize,
  lineStep: usize,
  step: usize,
  pixelBytes: usize,
  rows: i32,
  outWidth: i32,
  tileRows: i32,
  filters: i32,
): void {
  for (let r = 0; r < tileRows; r++) {
    let c0 = f32x4.splat(0);
    let c1 = c0;
    let line = source;
    let g = dy;
    for (let row = 0; row < rows; row++) {
      let x = line;
      const end = g + <usize>outWidth * pixelBytes;
      while (g < end) {
        const a = v128.load_splat<f32>(x);
        c0 = multiplyAdd(a, loadLanes(g, filters), c0);
        if (filters > 4) c1 = multiplyAdd(a, loadLanes(g + 16, filters - 4), c1);
        g += pixelBytes;
        x += step;
      }
      line += lineStep;
    }
    storePixel(target, c0, c1, filters, true);
    source += 4;
    target += pixelBytes;
  }
}
