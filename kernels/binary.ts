import { loadLanes, storeLanes } from './lanes';

/** Codes of the functions of two arguments. */
export const enum BinaryCode {
  Add,
  Subtract,
  Multiply,
  Divide,
  Maximum,
  Minimum,
}

/** fn(a, b) for a code that is constant where it is inlined. */
@inline
export function applyBinary(fn: i32, a: v128, b: v128): v128 {
  if (fn == BinaryCode.Add) return f32x4.add(a, b);
  if (fn == BinaryCode.Subtract) return f32x4.sub(a, b);
  if (fn == BinaryCode.Multiply) return f32x4.mul(a, b);
  if (fn == BinaryCode.Divide) return f32x4.div(a, b);
  if (fn == BinaryCode.Maximum) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

@inline
function loop(fn: i32, a: usize, b: usize, y: usize, size: i32): void {
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const first = applyBinary(fn, v128.load(a), v128.load(b));
    const second = applyBinary(fn, v128.load(a, 16), v128.load(b, 16));
    v128.store(y, first);
    v128.store(y, second, 16);
    a += 32;
    b += 32;
    y += 32;
  }
  for (; i < size; i += 4) {
    const count = size - i;
    storeLanes(y, applyBinary(fn, loadLanes(a, count), loadLanes(b, count)), count);
    a += 16;
    b += 16;
    y += 16;
  }
}

/** y = fn(a, b), `size` elements each. y may be a or b. */
export function binary_f32(fn: i32, a: usize, b: usize, y: usize, size: i32): void {
  if (fn == BinaryCode.Add) loop(BinaryCode.Add, a, b, y, size);
  else if (fn == BinaryCode.Subtract) loop(BinaryCode.Subtract, a, b, y, size);
  else if (fn == BinaryCode.Multiply) loop(BinaryCode.Multiply, a, b, y, size);
  else if (fn == BinaryCode.Divide) loop(BinaryCode.Divide, a, b, y, size);
  else if (fn == BinaryCode.Maximum) loop(BinaryCode.Maximum, a, b, y, size);
  else loop(BinaryCode.Minimum, a, b, y, size);
}
