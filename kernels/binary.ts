import { loadLanes, storeLanes } from './lanes';
import { isSame } from './variant';

export class Add {}
export class Subtract {}
export class Multiply {}
export class Divide {}

/** Codes of the functions of two arguments. */
export const ADD: i32 = 0;
export const SUBTRACT: i32 = 1;
export const MULTIPLY: i32 = 2;

/** F(a, b) of four pairs. */
export function applyBinary<F>(a: v128, b: v128): v128 {
  if (isSame<F, Add>()) return f32x4.add(a, b);
  if (isSame<F, Subtract>()) return f32x4.sub(a, b);
  if (isSame<F, Multiply>()) return f32x4.mul(a, b);
  return f32x4.div(a, b);
}

function apply<F>(a: usize, b: usize, y: usize, size: i32): void {
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const first = applyBinary<F>(v128.load(a), v128.load(b));
    const second = applyBinary<F>(v128.load(a, 16), v128.load(b, 16));
    v128.store(y, first);
    v128.store(y, second, 16);
    a += 32;
    b += 32;
    y += 32;
  }
  for (; i < size; i += 4) {
    const count = size - i;
    storeLanes(y, applyBinary<F>(loadLanes(a, count), loadLanes(b, count)), count);
    a += 16;
    b += 16;
    y += 16;
  }
}

/** y = fn(a, b), `size` elements each; fn: 0 add, 1 subtract, 2 multiply, 3 divide. y may be a or b. */
export function binary_f32(fn: i32, a: usize, b: usize, y: usize, size: i32): void {
  if (fn == ADD) apply<Add>(a, b, y, size);
  else if (fn == SUBTRACT) apply<Subtract>(a, b, y, size);
  else if (fn == MULTIPLY) apply<Multiply>(a, b, y, size);
  else apply<Divide>(a, b, y, size);
}
