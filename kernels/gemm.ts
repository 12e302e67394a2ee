import { packPanel } from './gemm-pack';
import { multiplyAdd } from './multiply-add';

/** Rows of a register tile. 4×8 leaves V8 enough of its 15 vector registers not to spill. */
const TILE_ROWS = 4;
/** Columns of a register tile: two vectors. */
const TILE_COLUMNS = 8;
/** Depth of packed panels: a panel of B (8 KiB) stays in the first-level cache. */
const BLOCK_DEPTH = 256;
/** Rows of A packed at a time: the block (128 KiB) stays in the second-level cache. */
const BLOCK_ROWS = 128;
/** Columns of B packed at a time (512 KiB). */
const BLOCK_COLUMNS = 512;

const PACKED_A_BYTES: usize = BLOCK_ROWS * BLOCK_DEPTH * 4;
const PACKED_B_BYTES: usize = BLOCK_COLUMNS * BLOCK_DEPTH * 4;
const TILE_BYTES: usize = TILE_ROWS * TILE_COLUMNS * 4;

/** Bytes of scratch that `gemm_f32` needs, whatever the sizes. */
export function gemmScratchBytes(): i32 {
  return <i32>(PACKED_A_BYTES + PACKED_B_BYTES + TILE_BYTES);
}

/**
 * c `[m, n]` = op(a) · op(b), or c + op(a) · op(b) with `accumulate`; contiguous, row-major. a is
 * `[m, k]`, transposed `[k, m]`; b is `[k, n]`, transposed `[n, k]`. Sizes of 0 are legal. Neither a, b
 * nor the scratch (`gemmScratchBytes`, aligned to 16) may overlap c. The order of additions depends on
 * the sizes alone.
 *
 * Blocks and packs as in Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
 * (2008).
 */
export function gemm_f32(
  transposeA: bool,
  transposeB: bool,
  accumulate: bool,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  scratch: usize,
): void {
  if (k <= 0) {
    if (!accumulate) memory.fill(c, 0, <usize>m * <usize>n * 4);
    return;
  }
  const packedA = scratch;
  const packedB = packedA + PACKED_A_BYTES;
  const edge = packedB + PACKED_B_BYTES;
  const strideA: usize = transposeA ? m : k;
  const strideB: usize = transposeB ? k : n;
  // Equal depths instead of full blocks and a short rest, which would pay for its tiles' stores.
  const depthBlocks = (k + BLOCK_DEPTH - 1) / BLOCK_DEPTH;
  const blockDepth = (k + depthBlocks - 1) / depthBlocks;

  for (let column = 0; column < n; column += BLOCK_COLUMNS) {
    const columns = min(BLOCK_COLUMNS, n - column);
    for (let depth = 0; depth < k; depth += blockDepth) {
      const depths = min(blockDepth, k - depth);
      const adds = accumulate || depth > 0;
      const blockB = b + offset(depth, column, strideB, transposeB);
      packBlock(blockB, strideB, !transposeB, columns, depths, TILE_COLUMNS, packedB);
      for (let row = 0; row < m; row += BLOCK_ROWS) {
        const rows = min(BLOCK_ROWS, m - row);
        const blockA = a + offset(row, depth, strideA, transposeA);
        packBlock(blockA, strideA, transposeA, rows, depths, TILE_ROWS, packedA);
        const blockC = c + offset(row, column, n, false);
        multiplyBlocks(
          packedA,
          packedB,
          rows,
          columns,
          depths,
          blockC,
          (<usize>n) << 2,
          adds,
          edge,
        );
      }
    }
  }
}

/** Byte offset of element (row, column) of a matrix that is stored with `stride` elements a line. */
function offset(row: i32, column: i32, stride: usize, transposed: bool): usize {
  return (
    (transposed ? <usize>column * stride + <usize>row : <usize>row * stride + <usize>column) << 2
  );
}

/** Packs `count` vectors of `length` elements into panels of `width` vectors, one after the other. */
function packBlock(
  source: usize,
  stride: usize,
  columns: bool,
  count: i32,
  length: i32,
  width: i32,
  packed: usize,
): void {
  const vectorStride: usize = columns ? 1 : stride;
  const advance = (vectorStride * <usize>width) << 2;
  const panelBytes = (<usize>length * <usize>width) << 2;
  for (let i = 0; i < count; i += width) {
    packPanel(source, stride, columns, min(width, count - i), length, width, packed);
    source += advance;
    packed += panelBytes;
  }
}

/** c (+)= packed A · packed B, tile by tile; tiles that stick out go through the `edge` buffer. */
function multiplyBlocks(
  packedA: usize,
  packedB: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  c: usize,
  pitch: usize,
  adds: bool,
  edge: usize,
): void {
  const panelA = (<usize>depth * TILE_ROWS) << 2;
  const panelB = (<usize>depth * TILE_COLUMNS) << 2;
  for (let j = 0; j < columns; j += TILE_COLUMNS) {
    let tileA = packedA;
    let target = c + ((<usize>j) << 2);
    for (let i = 0; i < rows; i += TILE_ROWS) {
      if (i + TILE_ROWS <= rows && j + TILE_COLUMNS <= columns) {
        multiplyTile(tileA, packedB, depth, target, pitch, adds);
      } else {
        multiplyTile(tileA, packedB, depth, edge, TILE_COLUMNS << 2, false);
        mergeTile(
          edge,
          min(TILE_ROWS, rows - i),
          min(TILE_COLUMNS, columns - j),
          target,
          pitch,
          adds,
        );
      }
      tileA += panelA;
      target += <usize>TILE_ROWS * pitch;
    }
    packedB += panelB;
  }
}

/** One 4×8 tile. Deeper unrolling measured slower: V8 then hoists loads and spills. */
function multiplyTile(a: usize, b: usize, depth: i32, c: usize, pitch: usize, adds: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let p = 0; p < depth; p++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    a += TILE_ROWS * 4;
    b += TILE_COLUMNS * 4;
  }
  const row1 = c + pitch;
  const row2 = row1 + pitch;
  const row3 = row2 + pitch;
  if (adds) {
    c00 = f32x4.add(v128.load(c), c00);
    c01 = f32x4.add(v128.load(c, 16), c01);
    c10 = f32x4.add(v128.load(row1), c10);
    c11 = f32x4.add(v128.load(row1, 16), c11);
    c20 = f32x4.add(v128.load(row2), c20);
    c21 = f32x4.add(v128.load(row2, 16), c21);
    c30 = f32x4.add(v128.load(row3), c30);
    c31 = f32x4.add(v128.load(row3, 16), c31);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(row1, c10);
  v128.store(row1, c11, 16);
  v128.store(row2, c20);
  v128.store(row2, c21, 16);
  v128.store(row3, c30);
  v128.store(row3, c31, 16);
}

/** Moves the part of an edge tile that lies inside c. */
function mergeTile(tile: usize, rows: i32, columns: i32, c: usize, pitch: usize, adds: bool): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < <usize>columns; j++) {
      const value = load<f32>(tile + (j << 2));
      const target = c + (j << 2);
      store<f32>(target, adds ? load<f32>(target) + value : value);
    }
    tile += TILE_COLUMNS << 2;
    c += pitch;
  }
}
