import { loadLanes, storeLanes } from './lanes';
import * as unary from './unary';
import { isSame } from './variant';

function apply<F>(x: v128, y: v128, dy: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (isSame<F, unary.Relu>()) return v128.and(dy, f32x4.gt(y, zero));
  if (isSame<F, unary.Sigmoid>()) return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(one, y)));
  if (isSame<F, unary.Tanh>()) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(y, y)));
  if (isSame<F, unary.Exp>()) return f32x4.mul(dy, y);
  if (isSame<F, unary.Log>()) return f32x4.div(dy, x);
  if (isSame<F, unary.Sqrt>()) return f32x4.div(dy, f32x4.add(y, y));
  if (isSame<F, unary.Square>()) return f32x4.mul(dy, f32x4.add(x, x));
  if (isSame<F, unary.Abs>()) {
    const positive = v128.and(dy, f32x4.gt(x, zero));
    return f32x4.sub(positive, v128.and(dy, f32x4.lt(x, zero)));
  }
  return f32x4.neg(dy);
}

function loop<F>(x: usize, y: usize, dy: usize, dx: usize, size: i32): void {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    v128.store(dx, apply<F>(v128.load(x), v128.load(y), v128.load(dy)));
    x += 16;
    y += 16;
    dy += 16;
    dx += 16;
  }
  const count = size - i;
  if (count > 0) {
    const g = apply<F>(loadLanes(x, count), loadLanes(y, count), loadLanes(dy, count));
    storeLanes(dx, g, count);
  }
}

/** dx = dy · fn′ from x and y = fn(x), `size` elements. dx may be dy. */
export function unaryGradient_f32(
  fn: i32,
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  size: i32,
): void {
  if (fn == unary.RELU) loop<unary.Relu>(x, y, dy, dx, size);
  else if (fn == unary.SIGMOID) loop<unary.Sigmoid>(x, y, dy, dx, size);
  else if (fn == unary.TANH) loop<unary.Tanh>(x, y, dy, dx, size);
  else if (fn == unary.EXP) loop<unary.Exp>(x, y, dy, dx, size);
  else if (fn == unary.LOG) loop<unary.Log>(x, y, dy, dx, size);
  else if (fn == unary.SQRT) loop<unary.Sqrt>(x, y, dy, dx, size);
  else if (fn == unary.SQUARE) loop<unary.Square>(x, y, dy, dx, size);
  else if (fn == unary.ABS) loop<unary.Abs>(x, y, dy, dx, size);
  else loop<unary.Negate>(x, y, dy, dx, size);
}
