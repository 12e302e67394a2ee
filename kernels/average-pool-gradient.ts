import { loadLanes, storeLanes } from './lanes';
import { windowEnd, windowStart } from './pool-window';

/** dx = dy / (cells of its window), summed over the windows that hold the cell. */
export function averagePoolGradient_f32(
  dy: usize,
  dx: usize,
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
  memory.fill(dx, 0, <usize>batch * image);
  for (let n = 0; n < batch; n++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = windowStart(oh, strideHeight, padTop);
      const bottom = windowEnd(oh, strideHeight, padTop, poolHeight, height);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = windowStart(ow, strideWidth, padLeft);
        const right = windowEnd(ow, strideWidth, padLeft, poolWidth, width);
        const cells = f32x4.splat(<f32>((bottom - top) * (right - left)));
        for (let c = 0; c < channels; c += 4) {
          const count = channels - c;
          const share = f32x4.div(loadLanes(dy + ((<usize>c) << 2), count), cells);
          for (let h = top; h < bottom; h++) {
            let p = dx + <usize>h * rowBytes + <usize>left * pixel + ((<usize>c) << 2);
            for (let w = left; w < right; w++) {
              storeLanes(p, f32x4.add(loadLanes(p, count), share), count);
              p += pixel;
            }
          }
        }
        dy += pixel;
      }
    }
    dx += image;
  }
}
