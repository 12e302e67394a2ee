import { addRun } from './float-run';

/**
 * The adjoint of `im2col_f32`: adds patches `[images, outHeight, outWidth, kernelHeight, kernelWidth,
 * patchChannels]` to the pixels of x `[images, height, width, channels]` that they were gathered from,
 * channels [firstChannel, firstChannel + patchChannels). Taps outside the image are dropped.
 */
export function col2im_f32(
  patches: usize,
  x: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  firstChannel: i32,
  patchChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  const whole = patchChannels == channels && dilationWidth == 1;
  const runTaps = whole ? kernelWidth : 1;
  const runs = whole ? 1 : kernelWidth;
  const runBytes = (<usize>(runTaps * patchChannels)) << 2;
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = <usize>width * pixelBytes;
  let image = x + ((<usize>firstChannel) << 2);
  for (let n = 0; n < images; n++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * strideHeight - padTop;
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * strideWidth - padLeft;
        for (let i = 0; i < kernelHeight; i++) {
          const h = top + i * dilationHeight;
          if (h < 0 || h >= height) {
            patches += <usize>runs * runBytes;
            continue;
          }
          const row = image + <usize>h * rowBytes;
          for (let j = 0; j < runs; j++) {
            const w = left + j * dilationWidth;
            const first = max(-w, 0);
            const end = min(width - w, runTaps);
            if (first < end) {
              const source = patches + ((<usize>first * <usize>patchChannels) << 2);
              const target = row + <usize>(w + first) * pixelBytes;
              addRun(source, target, (end - first) * patchChannels);
            }
            patches += runBytes;
          }
        }
      }
    }
    image += <usize>height * rowBytes;
  }
}
