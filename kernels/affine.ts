import { loadLanes, storeLanes } from './lanes';

/** y = scale · x + offset, `size` elements. y may be x. */
export function affine_f32(x: usize, y: usize, size: i32, scale: f32, offset: f32): void {
  const vScale = f32x4.splat(scale);
  const vOffset = f32x4.splat(offset);
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    v128.store(y, f32x4.add(f32x4.mul(v128.load(x), vScale), vOffset));
    x += 16;
    y += 16;
  }
  const count = size - i;
  if (count > 0) {
    storeLanes(y, f32x4.add(f32x4.mul(loadLanes(x, count), vScale), vOffset), count);
  }
}
