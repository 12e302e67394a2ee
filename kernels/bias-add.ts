import { loadLanes, storeLanes } from './lanes';

/** y[r, c] = x[r, c] + bias[c], x `[rows, channels]`. y may be x. */
export function biasAdd_f32(x: usize, bias: usize, y: usize, rows: i32, channels: i32): void {
  const rowBytes = (<usize>channels) << 2;
  for (let r = 0; r < rows; r++) {
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const at = (<usize>c) << 2;
      v128.store(y + at, f32x4.add(v128.load(x + at), v128.load(bias + at)));
    }
    const count = channels - c;
    if (count > 0) {
      const at = (<usize>c) << 2;
      const sum = f32x4.add(loadLanes(x + at, count), loadLanes(bias + at, count));
      storeLanes(y + at, sum, count);
    }
    x += rowBytes;
    y += rowBytes;
  }
}
