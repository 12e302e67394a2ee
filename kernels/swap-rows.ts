import { copyRun } from './float-run';

/** target[j, i, c] = source[i, j, c] for i < outer, j < inner: exchanges the outer two of three axes. */
export function swapRows_f32(
  source: usize,
  target: usize,
  outer: i32,
  inner: i32,
  depth: i32,
): void {
  const run = (<usize>depth) << 2;
  const pitch = <usize>outer * run;
  for (let i = 0; i < outer; i++) {
    let to = target + <usize>i * run;
    for (let j = 0; j < inner; j++) {
      copyRun(source, to, depth);
      source += run;
      to += pitch;
    }
  }
}
