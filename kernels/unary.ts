import { loadLanes, storeLanes } from './lanes';
import { isSame } from './variant';

export class Relu {}
export class Sigmoid {}
export class Tanh {}
export class Exp {}
export class Log {}
export class Sqrt {}
export class Square {}
export class Abs {}
export class Negate {}

/** Codes of the functions of one argument. */
export const RELU: i32 = 0;
export const SIGMOID: i32 = 1;
export const TANH: i32 = 2;
export const EXP: i32 = 3;
export const LOG: i32 = 4;
export const SQRT: i32 = 5;
export const SQUARE: i32 = 6;
export const ABS: i32 = 7;

function applyLanes<F>(x: v128): v128 {
  if (isSame<F, Relu>()) return f32x4.pmax(x, f32x4.splat(0));
  if (isSame<F, Sqrt>()) return f32x4.sqrt(x);
  if (isSame<F, Square>()) return f32x4.mul(x, x);
  if (isSame<F, Abs>()) return f32x4.abs(x);
  return f32x4.neg(x);
}

function lanesLoop<F>(x: usize, y: usize, size: i32): void {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    v128.store(y, applyLanes<F>(v128.load(x)));
    x += 16;
    y += 16;
  }
  if (i < size) storeLanes(y, applyLanes<F>(loadLanes(x, size - i)), size - i);
}

function applyScalar<F>(x: f64): f64 {
  if (isSame<F, Sigmoid>()) return 1 / (1 + Math.exp(-x));
  if (isSame<F, Tanh>()) return Math.tanh(x);
  if (isSame<F, Exp>()) return Math.exp(x);
  return Math.log(x);
}

function scalarLoop<F>(x: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i++) {
    store<f32>(y, <f32>applyScalar<F>(<f64>load<f32>(x)));
    x += 4;
    y += 4;
  }
}

/** y = fn(x), `size` elements. y may be x. */
export function unary_f32(fn: i32, x: usize, y: usize, size: i32): void {
  if (fn == RELU) lanesLoop<Relu>(x, y, size);
  else if (fn == SIGMOID) scalarLoop<Sigmoid>(x, y, size);
  else if (fn == TANH) scalarLoop<Tanh>(x, y, size);
  else if (fn == EXP) scalarLoop<Exp>(x, y, size);
  else if (fn == LOG) scalarLoop<Log>(x, y, size);
  else if (fn == SQRT) lanesLoop<Sqrt>(x, y, size);
  else if (fn == SQUARE) lanesLoop<Square>(x, y, size);
  else if (fn == ABS) lanesLoop<Abs>(x, y, size);
  else lanesLoop<Negate>(x, y, size);
}
