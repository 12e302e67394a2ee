import { loadLanes, storeLanes } from './lanes';

/** Codes of the functions of one argument. */
export const enum UnaryCode {
  Relu,
  Sigmoid,
  Tanh,
  Exp,
  Log,
  Sqrt,
  Square,
  Abs,
  Negate,
}

@inline
function applyLanes(fn: i32, x: v128): v128 {
  if (fn == UnaryCode.Relu) return f32x4.max(x, f32x4.splat(0));
  if (fn == UnaryCode.Sqrt) return f32x4.sqrt(x);
  if (fn == UnaryCode.Square) return f32x4.mul(x, x);
  if (fn == UnaryCode.Abs) return f32x4.abs(x);
  return f32x4.neg(x);
}

@inline
function lanesLoop(fn: i32, x: usize, y: usize, size: i32): void {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    v128.store(y, applyLanes(fn, v128.load(x)));
    x += 16;
    y += 16;
  }
  if (i < size) storeLanes(y, applyLanes(fn, loadLanes(x, size - i)), size - i);
}

@inline
function applyScalar(fn: i32, x: f64): f64 {
  if (fn == UnaryCode.Sigmoid) return 1 / (1 + Math.exp(-x));
  if (fn == UnaryCode.Tanh) return Math.tanh(x);
  if (fn == UnaryCode.Exp) return Math.exp(x);
  return Math.log(x);
}

@inline
function scalarLoop(fn: i32, x: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i++) {
    store<f32>(y, <f32>applyScalar(fn, <f64>load<f32>(x)));
    x += 4;
    y += 4;
  }
}

/** y = fn(x), `size` elements. y may be x. */
export function unary_f32(fn: i32, x: usize, y: usize, size: i32): void {
  if (fn == UnaryCode.Relu) lanesLoop(UnaryCode.Relu, x, y, size);
  else if (fn == UnaryCode.Sigmoid) scalarLoop(UnaryCode.Sigmoid, x, y, size);
  else if (fn == UnaryCode.Tanh) scalarLoop(UnaryCode.Tanh, x, y, size);
  else if (fn == UnaryCode.Exp) scalarLoop(UnaryCode.Exp, x, y, size);
  else if (fn == UnaryCode.Log) scalarLoop(UnaryCode.Log, x, y, size);
  else if (fn == UnaryCode.Sqrt) lanesLoop(UnaryCode.Sqrt, x, y, size);
  else if (fn == UnaryCode.Square) lanesLoop(UnaryCode.Square, x, y, size);
  else if (fn == UnaryCode.Abs) lanesLoop(UnaryCode.Abs, x, y, size);
  else lanesLoop(UnaryCode.Negate, x, y, size);
}
