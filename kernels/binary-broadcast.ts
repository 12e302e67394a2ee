import * as binary from './binary';
import { loadLanes, storeLanes } from './lanes';

/** A row of y; an operand whose stride is 0 repeats its one element. */
function row<F>(a: usize, sa: i32, b: usize, sb: i32, y: usize, size: i32): void {
  if ((sa == 0 || sa == 1) && (sb == 0 || sb == 1)) {
    const a0 = v128.load_splat<f32>(a);
    const b0 = v128.load_splat<f32>(b);
    for (let i = 0; i < size; i += 4) {
      const count = size - i;
      const at = (<usize>i) << 2;
      const va = sa ? loadLanes(a + at, count) : a0;
      const vb = sb ? loadLanes(b + at, count) : b0;
      storeLanes(y + at, binary.applyBinary<F>(va, vb), count);
    }
    return;
  }
  for (let i = 0; i < size; i++) {
    const va = v128.load_splat<f32>(a + ((<usize>(i * sa)) << 2));
    const vb = v128.load_splat<f32>(b + ((<usize>(i * sb)) << 2));
    storeLanes(y + ((<usize>i) << 2), binary.applyBinary<F>(va, vb), 1);
  }
}

function anyRow(fn: i32, a: usize, sa: i32, b: usize, sb: i32, y: usize, size: i32): void {
  if (fn == binary.ADD) row<binary.Add>(a, sa, b, sb, y, size);
  else if (fn == binary.SUBTRACT) row<binary.Subtract>(a, sa, b, sb, y, size);
  else if (fn == binary.MULTIPLY) row<binary.Multiply>(a, sa, b, sb, y, size);
  else row<binary.Divide>(a, sa, b, sb, y, size);
}

/** y `[n0, n1, n2, n3]` = fn(a, b), where a and b have strides (in elements) of their own. */
export function binaryBroadcast_f32(
  fn: i32,
  a: usize,
  b: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
): void {
  if (n3 == 0) return;
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      for (let k = 0; k < n2; k++) {
        const atA = a + ((<usize>(i * a0 + j * a1 + k * a2)) << 2);
        const atB = b + ((<usize>(i * b0 + j * b1 + k * b2)) << 2);
        anyRow(fn, atA, a3, atB, b3, y, n3);
        y += (<usize>n3) << 2;
      }
    }
  }
}
