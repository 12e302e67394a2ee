import { copyRun, zeroRun } from './float-run';

/**
 * Gathers the patches that a convolution multiplies with its kernel: patches `[images, outHeight,
 * outWidth, kernelHeight, kernelWidth, patchChannels]` from x `[images, height, width, channels]`,
 * channels [firstChannel, firstChannel + patchChannels). Taps outside the image are 0. x and patches
 * must not overlap.
 */
export function im2col_f32(
  x: usize,
  patches: usize,
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
  // Neighbouring taps of a kernel row are neighbours in x too, unless spread or a slice of channels.
  const whole = patchChannels == channels && dilationWidth == 1;
  const runTaps = whole ? kernelWidth : 1;
  const runs = whole ? 1 : kernelWidth;
  const runSize = runTaps * patchChannels;
  const runBytes = (<usize>runSize) << 2;
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
            zeroRun(patches, runs * runSize);
            patches += <usize>runs * runBytes;
            continue;
          }
          const row = image + <usize>h * rowBytes;
          for (let j = 0; j < runs; j++) {
            const w = left + j * dilationWidth;
            if (w >= 0 && w + runTaps <= width) {
              copyRun(row + <usize>w * pixelBytes, patches, runSize);
            } else {
              const first = min(max(-w, 0), runTaps);
              const end = max(min(width - w, runTaps), first);
              const target = patches + ((<usize>first * <usize>patchChannels) << 2);
              zeroRun(patches, first * patchChannels);
              copyRun(row + <usize>(w + first) * pixelBytes, target, (end - first) * patchChannels);
              zeroRun(
                patches + ((<usize>end * <usize>patchChannels) << 2),
                (runTaps - end) * patchChannels,
              );
            }
            patches += runBytes;
          }
        }
      }
    }
    image += <usize>height * rowBytes;
  }
}
