import { loadLanes, storeLanes } from './lanes';
import { windowEnd, windowStart } from './pool-window';

/** y `[batch, outHeight, outWidth, channels]` = maxima over the windows of x; padding never counts. */
export function maxPool_f32(
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
        for (let c = 0; c < channels; c += 4) {
          const count = channels - c;
          const at = x + ((<usize>c) << 2);
          let best = f32x4.splat(-Infinity);
          for (let h = top; h < bottom; h++) {
            let p = at + <usize>h * rowBytes + <usize>left * pixel;
            for (let w = left; w < right; w++) {
              best = f32x4.max(best, loadLanes(p, count));
              p += pixel;
            }
          }
          storeLanes(y + ((<usize>c) << 2), best, count);
        }
        y += pixel;
      }
    }
    x += image;
  }
}
