import type { Binder } from '../binding.js';

/** y[c] = Σ_r x[r, c]. */
export const bindColumnSums: Binder<'columnSums'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { rows, channels } = attributes;
  return () => kernels.columnSums_f32(x, y, rows, channels, 1);
};

/** y[o, i] = scale · Σ_n x[o, n, i]. */
export const bindReduceSum: Binder<'reduceSum'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { outer, count, inner, scale } = attributes;
  return () => kernels.reduceSum_f32(x, y, outer, count, inner, scale);
};

/** y[0] = scale · Σ x. */
export const bindTotalSum: Binder<'totalSum'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size, scale } = attributes;
  return () => kernels.totalSum_f32(x, y, size, scale);
};

/** y[0] = scale · (l1 · Σ|w| + l2 · Σw²). */
export const bindRegularization: Binder<'regularization'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const w = context.address(reads.w);
  const y = context.address(writes.y);
  const { size, l1, l2, scale } = attributes;
  return () => kernels.regularization_f32(w, y, size, l1, l2, scale);
};

/** dw = dloss[0] · scale · (l1 · sign(w) + 2 · l2 · w). */
export const bindRegularizationGradient: Binder<'regularizationGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const w = context.address(reads.w);
  const dloss = context.address(reads.dloss);
  const dw = context.address(writes.dw);
  const { size, l1, l2, scale } = attributes;
  return () => kernels.regularizationGradient_f32(w, dloss, dw, size, l1, l2, scale);
};
