import { loadLanes, storeLanes } from './lanes';
import { NUMBERS, SCRATCH } from './scratch';

/** Most rows or columns of a tile, on either side. */
const MOST: i32 = 5;
/** Bytes that a step takes of every vector: a cache line. */
const BLOCK: i32 = 64;
/** The two matrices as single floats, and behind them the tile between the two products. */
const BETWEEN: usize = SCRATCH + 1024;

/** Single floats of the matrices that `putNumber` handed over. */
function takeMatrices(count: i32): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i;
    store<f32>(SCRATCH + (at << 2), <f32>load<f64>(NUMBERS + (at << 3)));
  }
}

/**
 * target = Σ matrix[i] · source[i] over `count` vectors of one block that lie `pitch` bytes apart, of which
 * the first `floats` count; added to what stands in `addend` unless that is 0.
 */
function combine(
  matrix: usize,
  source: usize,
  pitch: usize,
  count: i32,
  target: usize,
  addend: usize,
  floats: i32,
): void {
  if (floats >= 16) {
    let a = addend ? v128.load(addend) : f32x4.splat(0);
    let b = addend ? v128.load(addend, 16) : f32x4.splat(0);
    let c = addend ? v128.load(addend, 32) : f32x4.splat(0);
    let d = addend ? v128.load(addend, 48) : f32x4.splat(0);
    for (let i = 0; i < count; i++) {
      if (load<f32>(matrix) != 0) {
        const factor = v128.load32_splat(matrix);
        a = f32x4.add(a, f32x4.mul(factor, v128.load(source)));
        b = f32x4.add(b, f32x4.mul(factor, v128.load(source, 16)));
        c = f32x4.add(c, f32x4.mul(factor, v128.load(source, 32)));
        d = f32x4.add(d, f32x4.mul(factor, v128.load(source, 48)));
      }
      matrix += 4;
      source += pitch;
    }
    v128.store(target, a);
    v128.store(target, b, 16);
    v128.store(target, c, 32);
    v128.store(target, d, 48);
    return;
  }
  for (let lane = 0; lane < floats; lane += 4) {
    const at = (<usize>lane) << 2;
    const rest = floats - lane;
    let sum = addend ? loadLanes(addend + at, rest) : f32x4.splat(0);
    for (let i = 0; i < count; i++) {
      const factor = v128.load32_splat(matrix + ((<usize>i) << 2));
      sum = f32x4.add(sum, f32x4.mul(factor, loadLanes(source + <usize>i * pitch + at, rest)));
    }
    storeLanes(target + at, sum, rest);
  }
}

/**
 * Y = R · X · Cᵀ for tiles X of `inRows` × `inColumns` vectors and Y of `outRows` × `outColumns`, at most
 * 5 × 5 each, vectors of `length` floats; added to what stands in `addend`, which lies as Y, unless that is
 * 0. There are `images` such tiles. Pitches are bytes from row to row, column to column, image to image. R
 * `[outRows, inRows]` and then C `[outColumns, inColumns]` come by `putNumber`. Y may be the addend, but
 * must not overlap X.
 */
export function transformTile_f32(
  source: usize,
  inRows: i32,
  inColumns: i32,
  sourceRow: usize,
  sourceColumn: usize,
  sourceImage: usize,
  target: usize,
  outRows: i32,
  outColumns: i32,
  targetRow: usize,
  targetColumn: usize,
  targetImage: usize,
  addend: usize,
  images: i32,
  length: i32,
): void {
  const columns = SCRATCH + ((<usize>(outRows * inRows)) << 2);
  takeMatrices(outRows * inRows + outColumns * inColumns);
  const betweenRow = <usize>(MOST * BLOCK);
  for (let image = 0; image < images; image++) {
    for (let first = 0; first < length; first += BLOCK >> 2) {
      const floats = min(BLOCK >> 2, length - first);
      const skip = (<usize>first) << 2;
      for (let i = 0; i < inRows; i++) {
        const row = source + skip + <usize>i * sourceRow;
        const to = BETWEEN + <usize>i * betweenRow;
        for (let j = 0; j < outColumns; j++) {
          const matrix = columns + ((<usize>(j * inColumns)) << 2);
          combine(matrix, row, sourceColumn, inColumns, to + <usize>(j * BLOCK), 0, floats);
        }
      }
      for (let i = 0; i < outRows; i++) {
        const matrix = SCRATCH + ((<usize>(i * inRows)) << 2);
        for (let j = 0; j < outColumns; j++) {
          const at = skip + <usize>i * targetRow + <usize>j * targetColumn;
          const from = BETWEEN + <usize>(j * BLOCK);
          const add = addend ? addend + at : 0;
          combine(matrix, from, betweenRow, inRows, target + at, add, floats);
        }
      }
    }
    source += sourceImage;
    target += targetImage;
    if (addend) addend += targetImage;
  }
}
