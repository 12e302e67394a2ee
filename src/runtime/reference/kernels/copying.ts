import type { LocalKernel } from '../reference-kernel.js';

/** y[targetOffset + Σ i·targetStrides] = x[sourceOffset + Σ i·sourceStrides], elsewhere 0. */
export const stridedCopy: LocalKernel<'stridedCopy'> = ({
  reads: { x },
  writes: { y },
  attributes: { shape, sourceOffset, sourceStrides, targetOffset, targetStrides, clear },
}) => {
  if (clear) y.fill(0);
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++) {
        for (let l = 0; l < shape[3]; l++) {
          const at = (strides: readonly number[]) =>
            i * strides[0] + j * strides[1] + k * strides[2] + l * strides[3];
          y[targetOffset + at(targetStrides)] = x[sourceOffset + at(sourceStrides)];
        }
      }
    }
  }
};

/** y[o, before + i] = xk[o, i], `before` being the widths of the inputs before xk. */
export const concat: LocalKernel<'concat'> = ({ reads, writes: { y }, attributes }) => {
  const { outer, widths } = attributes;
  const total = widths.reduce((sum, width) => sum + width, 0);
  let before = 0;
  widths.forEach((width, k) => {
    const x = reads[`x${k}`];
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < width; i++) y[o * total + before + i] = x[o * width + i];
    }
    before += width;
  });
};
