import { applyMap, BEHIND_LINES, clearZeros } from './winograd-maps';

/** A cache line, which is mapped at a time. */
const LINE: i32 = 64;
/** From row to row of the tile between the two maps. */
const BETWEEN_ROW: usize = 5 * 64;

/**
 * Y = R · X · Cᵀ for tiles of vectors of `length` floats, a multiple of 4, where R and C are maps of
 * `applyMap`; added to what stands in `addend`, which lies as Y, unless that is 0, where the maps are
 * `ToOutputs`. Of X only rows [firstRow, firstRow + rows) and columns [firstColumn, firstColumn + columns)
 * are there, from `source` on, and the others zero; of Y only `outRows` rows and `outColumns` columns are
 * wanted. There are `images` such tiles. Pitches are bytes from row to row, column to column, image to
 * image. Y may be the addend, but must not overlap X.
 */
export function transformTile_f32(
  rowMap: i32,
  columnMap: i32,
  source: usize,
  firstRow: i32,
  rows: i32,
  firstColumn: i32,
  columns: i32,
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
  clearZeros();
  const end = (<usize>length) << 2;
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < end; at += LINE) {
      const bytes = min<usize>(LINE, end - at);
      for (let i = 0; i < rows; i++) {
        const from = source + at + <usize>i * sourceRow;
        const to = BEHIND_LINES + <usize>i * BETWEEN_ROW;
        const last = outColumns;
        applyMap(columnMap, from, sourceColumn, firstColumn, columns, to, LINE, last, 0, bytes);
      }
      for (let j = 0; j < outColumns; j++) {
        const from = BEHIND_LINES + <usize>(j * LINE);
        const skip = at + <usize>j * targetColumn;
        const add = addend ? addend + skip : 0;
        const to = target + skip;
        applyMap(rowMap, from, BETWEEN_ROW, firstRow, rows, to, targetRow, outRows, add, bytes);
      }
    }
    source += sourceImage;
    target += targetImage;
    if (addend) addend += targetImage;
  }
}
