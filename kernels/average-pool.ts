import { loadLanes, storeLanes } from './lanes';
import { windowEnd, windowStart } from './pool-window';

/**
 * y `[batch, outHeight, outWidth, channels]` = means over the windows of x; padding never counts, and a
 * window of nothing but padding gives 0.
 */
export function averagePool_f32(
  x: usize,
  y: usize,
  batch: i32,
  height: i32,
  width: i32,
  channels: i32,
  poolHeight: i32,
  poolWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  const pixel = (<usize>channels) << 2;
  const rowBytes = <usize>width * pixel;
  const image = <usize>height * rowBytes;
  for (let n = 0; n < batch; n++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = windowStart(oh, strideHeight, padTop);
      const bottom = windowEnd(oh, strideHeight, padTop, poolHeight, height);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = windowStart(ow, strideWidth, padLeft);
        const right = windowEnd(ow, strideWidth, padLeft, poolWidth, width);
        const cells = f32x4.splat(<f32>max(1, (bottom - top) * (right - left)));
        for (let c = 0; c < channels; c += 4) {
          const count = channels - c;
          const at = x + ((<usize>c) << 2);
          let sum = f32x4.splat(0);
          for (let h = top; h < bottom; h++) {
            let p = at + <usize>h * rowBytes + <usize>left * pixel;
            for (let w = left; w < right; w++) {
              sum = f32x4.add(sum, loadLanes(p, count));
              p += pixel;
            }
          }
          storeLanes(y + ((<usize>c) << 2), f32x4.div(sum, cells), count);
        }
        y += pixel;
      }
    }
    x += image;
  }
}
