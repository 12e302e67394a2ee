/**
 * Copies `count` (1 to `width`) vectors of `length` float32 into a panel `[length, width]`, zero-filling
 * the lanes that have no vector. Element p of vector i is source[i · stride + p], or, when `columns`,
 * source[p · stride + i]; stride counts elements. `width` is a multiple of 4.
 */
export function packPanel(
  source: usize,
  stride: usize,
  columns: bool,
  count: i32,
  length: i32,
  width: i32,
  panel: usize,
): void {
  for (let lane = 0; lane < width; lane += 4) {
    const target = panel + ((<usize>lane) << 2);
    const present = min(4, count - lane);
    if (present < 4) {
      packSome(source, stride, columns, lane, present, length, width, target);
    } else if (columns) {
      packColumns(source + ((<usize>lane) << 2), stride << 2, length, (<usize>width) << 2, target);
    } else {
      packRows(
        source + <usize>lane * (stride << 2),
        stride << 2,
        length,
        (<usize>width) << 2,
        target,
      );
    }
  }
}

/** Four vectors whose elements lie side by side: each step is one vector move. Pitches in bytes. */
function packColumns(source: usize, pitch: usize, length: i32, step: usize, target: usize): void {
  for (let p = 0; p < length; p++) {
    v128.store(target, v128.load(source));
    source += pitch;
    target += step;
  }
}

/** Four vectors that lie in rows: 4×4 blocks are transposed in registers. Pitches in bytes. */
function packRows(source: usize, pitch: usize, length: i32, step: usize, target: usize): void {
  let row0 = source;
  let row1 = row0 + pitch;
  let row2 = row1 + pitch;
  let row3 = row2 + pitch;
  let p = 0;
  for (; p <= length - 4; p += 4) {
    const a = v128.load(row0);
    const b = v128.load(row1);
    const c = v128.load(row2);
    const d = v128.load(row3);
    const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(target, v128.shuffle<f64>(abLow, cdLow, 0, 2));
    v128.store(target + step, v128.shuffle<f64>(abLow, cdLow, 1, 3));
    v128.store(target + 2 * step, v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
    v128.store(target + 3 * step, v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
    row0 += 16;
    row1 += 16;
    row2 += 16;
    row3 += 16;
    target += 4 * step;
  }
  for (; p < length; p++) {
    store<f32>(target, load<f32>(row0));
    store<f32>(target, load<f32>(row1), 4);
    store<f32>(target, load<f32>(row2), 8);
    store<f32>(target, load<f32>(row3), 12);
    row0 += 4;
    row1 += 4;
    row2 += 4;
    row3 += 4;
    target += step;
  }
}

/** Fewer than four vectors (`present` may be 0 or less): the edge of a matrix. */
function packSome(
  source: usize,
  stride: usize,
  columns: bool,
  lane: i32,
  present: i32,
  length: i32,
  width: i32,
  target: usize,
): void {
  const vectorStride: usize = columns ? 4 : stride << 2;
  const elementStride: usize = columns ? stride << 2 : 4;
  let from = source + <usize>lane * vectorStride;
  for (let p = 0; p < length; p++) {
    v128.store(target, f32x4.splat(0));
    for (let i = 0; i < present; i++) {
      store<f32>(target + ((<usize>i) << 2), load<f32>(from + <usize>i * vectorStride));
    }
    from += elementStride;
    target += (<usize>width) << 2;
  }
}
