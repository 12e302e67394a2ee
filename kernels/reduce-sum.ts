import { columnSums_f32 } from './column-sums';
import { totalSum_f32 } from './total-sum';

/** y[o, i] = scale · Σ_n x[o, n, i], x `[outer, count, inner]`. */
export function reduceSum_f32(
  x: usize,
  y: usize,
  outer: i32,
  count: i32,
  inner: i32,
  scale: f64,
): void {
  const step = (<usize>(count * inner)) << 2;
  for (let o = 0; o < outer; o++) {
    if (inner == 1) totalSum_f32(x, y, count, scale);
    else columnSums_f32(x, y, count, inner, scale);
    x += step;
    y += (<usize>inner) << 2;
  }
}
