import type { LocalKernel } from '../reference-kernel.js';

/** y[c] = Σ_r x[r, c]. */
export const columnSums: LocalKernel<'columnSums'> = ({
  reads: { x },
  writes: { y },
  attributes,
}) => {
  const { rows, channels } = attributes;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += x[r * channels + c];
    y[c] = sum;
  }
};

/** y[o, i] = scale · Σ_n x[o, n, i]. */
export const reduceSum: LocalKernel<'reduceSum'> = ({
  reads: { x },
  writes: { y },
  attributes,
}) => {
  const { outer, count, inner, scale } = attributes;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += x[(o * count + n) * inner + i];
      y[o * inner + i] = scale * sum;
    }
  }
};

/** y[0] = scale · Σ x. */
export const totalSum: LocalKernel<'totalSum'> = ({ reads: { x }, writes: { y }, attributes }) => {
  let sum = 0;
  for (let i = 0; i < attributes.size; i++) sum += x[i];
  y[0] = attributes.scale * sum;
};

/** y[i] = scale · x[0]. */
export const spreadScalar: LocalKernel<'spreadScalar'> = ({
  reads: { x },
  writes: { y },
  attributes,
}) => {
  y.fill(attributes.scale * x[0]);
};

/** y[0] = scale · (l1 · Σ|w| + l2 · Σw²). */
export const regularization: LocalKernel<'regularization'> = ({
  reads: { w },
  writes: { y },
  attributes: { size, l1, l2, scale },
}) => {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += l1 * Math.abs(w[i]) + l2 * w[i] * w[i];
  y[0] = scale * sum;
};

/** dw[i] = dloss[0] · scale · (l1 · sign(w[i]) + 2 · l2 · w[i]). */
export const regularizationGradient: LocalKernel<'regularizationGradient'> = ({
  reads: { w, dloss },
  writes: { dw },
  attributes: { size, l1, l2, scale },
}) => {
  for (let i = 0; i < size; i++) dw[i] = dloss[0] * scale * (l1 * Math.sign(w[i]) + 2 * l2 * w[i]);
};
