/** Bytes from which the engine's own copy is faster than a loop. */
const LONG_ROW: usize = 512;

function copyRow(x: usize, y: usize, bytes: usize): void {
  if (bytes >= LONG_ROW) {
    memory.copy(y, x, bytes);
    return;
  }
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(y + i, v128.load(x + i));
  for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i));
}

/**
 * y[Σ i·targetStrides] = x[Σ i·sourceStrides] over a box `[n0, n1, n2, n3]`, strides s and t in
 * elements. Both arrays begin at their offsets and do not overlap.
 */
export function stridedCopy_f32(
  x: usize,
  y: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  t0: i32,
  t1: i32,
  t2: i32,
  t3: i32,
): void {
  const rows = s3 == 1 && t3 == 1;
  const bytes = (<usize>n3) << 2;
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      for (let k = 0; k < n2; k++) {
        let from = x + (i * s0 + j * s1 + k * s2) * 4;
        let to = y + (i * t0 + j * t1 + k * t2) * 4;
        if (rows) {
          copyRow(from, to, bytes);
        } else {
          for (let l = 0; l < n3; l++) {
            store<f32>(to, load<f32>(from));
            from += s3 * 4;
            to += t3 * 4;
          }
        }
      }
    }
  }
}

/** Zeroes `size` elements of y. */
export function clear_f32(y: usize, size: i32): void {
  memory.fill(y, 0, (<usize>size) << 2);
}
