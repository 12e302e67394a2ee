import { copyRun } from './float-run';

/**
 * Copies `columns` elements of each of `rows` rows between matrices of different widths: element j of
 * row i goes from source[i · sourceStride + j] to target[i · targetStride + j].
 */
export function copyColumns_f32(
  source: usize,
  sourceStride: i32,
  target: usize,
  targetStride: i32,
  rows: i32,
  columns: i32,
): void {
  const sourcePitch = (<usize>sourceStride) << 2;
  const targetPitch = (<usize>targetStride) << 2;
  for (let i = 0; i < rows; i++) {
    copyRun(source, target, columns);
    source += sourcePitch;
    target += targetPitch;
  }
}
