import { loadLanes, storeLanes } from './lanes';
import { UnaryCode } from './unary';

@inline
function apply(fn: i32, x: v128, y: v128, dy: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (fn == UnaryCode.Relu) return v128.and(dy, f32x4.gt(y, zero));
  if (fn == UnaryCode.Sigmoid) return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(one, y)));
  if (fn == UnaryCode.Tanh) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(y, y)));
  if (fn == UnaryCode.Exp) return f32x4.mul(dy, y);
  if (fn == UnaryCode.Log) return f32x4.div(dy, x);
  if (fn == UnaryCode.Sqrt) return f32x4.div(dy, f32x4.add(y, y));
  if (fn == UnaryCode.Square) return f32x4.mul(dy, f32x4.add(x, x));
  if (fn == UnaryCode.Abs) {
    const positive = v128.and(dy, f32x4.gt(x, zero));
    return f32x4.sub(positive, v128.and(dy, f32x4.lt(x, zero)));
  }
  return f32x4.neg(dy);
}

@inline
function loop(fn: i32, x: usize, y: usize, dy: usize, dx: usize, size: i32): void {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    v128.store(dx, apply(fn, v128.load(x), v128.load(y), v128.load(dy)));
    x += 16;
    y += 16;
    dy += 16;
    dx += 16;
  }
  const count = size - i;
  if (count > 0) {
    const g = apply(fn, loadLanes(x, count), loadLanes(y, count), loadLanes(dy, count));
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
  if (fn == UnaryCode.Relu) loop(UnaryCode.Relu, x, y, dy, dx, size);
  else if (fn == UnaryCode.Sigmoid) loop(UnaryCode.Sigmoid, x, y, dy, dx, size);
  else if (fn == UnaryCode.Tanh) loop(UnaryCode.Tanh, x, y, dy, dx, size);
  else if (fn == UnaryCode.Exp) loop(UnaryCode.Exp, x, y, dy, dx, size);
  else if (fn == UnaryCode.Log) loop(UnaryCode.Log, x, y, dy, dx, size);
  else if (fn == UnaryCode.Sqrt) loop(UnaryCode.Sqrt, x, y, dy, dx, size);
  else if (fn == UnaryCode.Square) loop(UnaryCode.Square, x, y, dy, dx, size);
  else if (fn == UnaryCode.Abs) loop(UnaryCode.Abs, x, y, dy, dx, size);
  else loop(UnaryCode.Negate, x, y, dy, dx, size);
}
