import { loadLanes, storeLanes } from './lanes';
import { windowEnd, windowStart } from './pool-window';

/** dx = dy at the first maximum of each window in row-major order, summed; y is the pooled x. */
export function maxPoolGradient_f32(
  x: usize,
  y: usize,
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
        for (let c = 0; c < channels; c += 4) {
          const count = channels - c;
          const best = loadLanes(y + ((<usize>c) << 2), count);
          const gradient = loadLanes(dy + ((<usize>c) << 2), count);
          let open = i32x4.splat(-1);
          for (let h = top; h < bottom; h++) {
            let at = <usize>h * rowBytes + <usize>left * pixel + ((<usize>c) << 2);
            for (let w = left; w < right; w++) {
              const hit = v128.and(open, f32x4.eq(loadLanes(x + at, count), best));
              if (v128.any_true(hit)) {
                const sum = f32x4.add(loadLanes(dx + at, count), v128.and(hit, gradient));
                storeLanes(dx + at, sum, count);
                open = v128.andnot(open, hit);
              }
              at += pixel;
            }
          }
        }
        y += pixel;
        dy += pixel;
      }
    }
    x += image;
    dx += image;
  }
}
