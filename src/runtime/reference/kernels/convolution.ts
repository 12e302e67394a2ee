import type { Conv2dAttributes } from '../../../plan/kernels.js';
import type { LocalKernel } from '../reference-kernel.js';

/**
 * Calls `visit` for every pair of an output pixel and a tap that reads inside the input: the pixels'
 * numbers (row-major over batch, height, width) and the tap's (row-major over the kernel).
 */
function forEachTap(
  a: Conv2dAttributes,
  visit: (inputPixel: number, outputPixel: number, tap: number) => void,
): void {
  for (let n = 0; n < a.batch; n++) {
    for (let oh = 0; oh < a.outHeight; oh++) {
      for (let ow = 0; ow < a.outWidth; ow++) {
        const outputPixel = (n * a.outHeight + oh) * a.outWidth + ow;
        for (let i = 0; i < a.kernelHeight; i++) {
          const h = oh * a.strideHeight - a.padTop + i * a.dilationHeight;
          if (h < 0 || h >= a.height) continue;
          for (let j = 0; j < a.kernelWidth; j++) {
            const w = ow * a.strideWidth - a.padLeft + j * a.dilationWidth;
            if (w < 0 || w >= a.width) continue;
            visit((n * a.height + h) * a.width + w, outputPixel, i * a.kernelWidth + j);
          }
        }
      }
    }
  }
}

/** y[pixel, f] = Σ over taps and the channels c of f's group of x[tap pixel, c] · w[tap, c, f]. */
export const conv2d: LocalKernel<'conv2d'> = ({
  reads: { x, w },
  writes: { y },
  attributes: a,
}) => {
  const groupChannels = a.channels / a.groups;
  const groupFilters = a.filters / a.groups;
  const sums = new Float64Array(y.length);
  forEachTap(a, (inputPixel, outputPixel, tap) => {
    for (let c = 0; c < a.channels; c++) {
      const group = Math.floor(c / groupChannels);
      const value = x[inputPixel * a.channels + c];
      const row = (tap * groupChannels + (c % groupChannels)) * a.filters;
      for (let f = group * groupFilters; f < (group + 1) * groupFilters; f++) {
        sums[outputPixel * a.filters + f] += value * w[row + f];
      }
    }
  });
  y.set(sums);
};

/** dx[tap pixel, c] = Σ over output pixels, taps and filters of dy[pixel, f] · w[tap, c, f]. */
export const conv2dInputGradient: LocalKernel<'conv2dInputGradient'> = ({
  reads: { dy, w, accumulator },
  writes: { dx },
  attributes: a,
}) => {
  const groupChannels = a.channels / a.groups;
  const groupFilters = a.filters / a.groups;
  const sums = new Float64Array(dx.length);
  if (accumulator !== undefined) sums.set(accumulator);
  forEachTap(a, (inputPixel, outputPixel, tap) => {
    for (let c = 0; c < a.channels; c++) {
      const group = Math.floor(c / groupChannels);
      const row = (tap * groupChannels + (c % groupChannels)) * a.filters;
      let sum = 0;
      for (let f = group * groupFilters; f < (group + 1) * groupFilters; f++) {
        sum += dy[outputPixel * a.filters + f] * w[row + f];
      }
      sums[inputPixel * a.channels + c] += sum;
    }
  });
  dx.set(sums);
};

/** dw[tap, c, f] = Σ over output pixels of x[tap pixel, c] · dy[pixel, f]. */
export const conv2dFilterGradient: LocalKernel<'conv2dFilterGradient'> = ({
  reads: { x, dy },
  writes: { dw },
  attributes: a,
}) => {
  const groupChannels = a.channels / a.groups;
  const groupFilters = a.filters / a.groups;
  const sums = new Float64Array(dw.length);
  forEachTap(a, (inputPixel, outputPixel, tap) => {
    for (let c = 0; c < a.channels; c++) {
      const group = Math.floor(c / groupChannels);
      const value = x[inputPixel * a.channels + c];
      const row = (tap * groupChannels + (c % groupChannels)) * a.filters;
      for (let f = group * groupFilters; f < (group + 1) * groupFilters; f++) {
        sums[row + f] += value * dy[outputPixel * a.filters + f];
      }
    }
  });
  dw.set(sums);
};
