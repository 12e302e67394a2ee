import type { Pool2dAttributes } from '../../../plan/kernels.js';
import type { LocalKernel } from '../reference-kernel.js';

/**
 * Calls `visit` for every output element, with its number and the numbers of the input elements inside
 * its window, in row-major order.
 */
function forEachWindow(
  a: Pool2dAttributes,
  visit: (output: number, window: readonly number[]) => void,
): void {
  for (let n = 0; n < a.batch; n++) {
    for (let oh = 0; oh < a.outHeight; oh++) {
      for (let ow = 0; ow < a.outWidth; ow++) {
        const top = oh * a.strideHeight - a.padTop;
        const left = ow * a.strideWidth - a.padLeft;
        for (let c = 0; c < a.channels; c++) {
          const window: number[] = [];
          for (let h = Math.max(top, 0); h < Math.min(top + a.poolHeight, a.height); h++) {
            for (let w = Math.max(left, 0); w < Math.min(left + a.poolWidth, a.width); w++) {
              window.push(((n * a.height + h) * a.width + w) * a.channels + c);
            }
          }
          visit(((n * a.outHeight + oh) * a.outWidth + ow) * a.channels + c, window);
        }
      }
    }
  }
}

/** y = max over the window. */
export const maxPool: LocalKernel<'maxPool'> = ({ reads: { x }, writes: { y }, attributes }) => {
  forEachWindow(attributes, (output, window) => {
    let largest = -Infinity;
    for (const input of window) largest = Math.max(largest, x[input]);
    y[output] = largest;
  });
};

/** dx of the first maximum of each window grows by dy. */
export const maxPoolGradient: LocalKernel<'maxPoolGradient'> = ({
  reads: { x, y, dy },
  writes: { dx },
  attributes,
}) => {
  const sums = new Float64Array(dx.length);
  forEachWindow(attributes, (output, window) => {
    const first = window.find((input) => x[input] === y[output]);
    if (first !== undefined) sums[first] += dy[output];
  });
  dx.set(sums);
};

/** y = mean over the part of the window inside the input; 0 where there is none. */
export const averagePool: LocalKernel<'averagePool'> = ({
  reads: { x },
  writes: { y },
  attributes,
}) => {
  forEachWindow(attributes, (output, window) => {
    let sum = 0;
    for (const input of window) sum += x[input];
    y[output] = window.length === 0 ? 0 : sum / window.length;
  });
};

/** dx of every element of a window of n elements grows by dy / n. */
export const averagePoolGradient: LocalKernel<'averagePoolGradient'> = ({
  reads: { dy },
  writes: { dx },
  attributes,
}) => {
  const sums = new Float64Array(dx.length);
  forEachWindow(attributes, (output, window) => {
    for (const input of window) sums[input] += dy[output] / window.length;
  });
  dx.set(sums);
};
