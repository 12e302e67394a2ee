import type { BinaryFunction, UnaryFunction } from '../../../plan/kernels.js';
import type { Binder } from '../binding.js';

/** Codes of the functions in `kernels/binary.ts`. */
const BINARY_CODES: Record<BinaryFunction, number> = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
};

/** Codes of the functions in `kernels/unary.ts`. */
const UNARY_CODES: Record<UnaryFunction, number> = {
  relu: 0,
  sigmoid: 1,
  tanh: 2,
  exp: 3,
  log: 4,
  sqrt: 5,
  square: 6,
  abs: 7,
  negate: 8,
};

/** y = fn(a, b), equal shapes. */
export const bindBinary: Binder<'binary'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const code = BINARY_CODES[attributes.fn];
  const a = context.address(reads.a);
  const b = context.address(reads.b);
  const y = context.address(writes.y);
  const { size } = attributes;
  return () => kernels.binary_f32(code, a, b, y, size);
};

/** y = fn(a, b) over a rank-4 shape with strides. */
export const bindBinaryBroadcast: Binder<'binaryBroadcast'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const code = BINARY_CODES[attributes.fn];
  const a = context.address(reads.a);
  const b = context.address(reads.b);
  const y = context.address(writes.y);
  const [n0, n1, n2, n3] = attributes.shape;
  const [a0, a1, a2, a3] = attributes.stridesA;
  const [b0, b1, b2, b3] = attributes.stridesB;
  return () =>
    kernels.binaryBroadcast_f32(code, a, b, y, n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3);
};

/** y = fn(x). */
export const bindUnary: Binder<'unary'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const code = UNARY_CODES[attributes.fn];
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size } = attributes;
  return () => kernels.unary_f32(code, x, y, size);
};

/** dx = dy · fn′. */
export const bindUnaryGradient: Binder<'unaryGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const code = UNARY_CODES[attributes.fn];
  const x = context.address(reads.x);
  const y = context.address(reads.y);
  const dy = context.address(reads.dy);
  const dx = context.address(writes.dx);
  const { size } = attributes;
  return () => kernels.unaryGradient_f32(code, x, y, dy, dx, size);
};

/** y = scale · x + offset. */
export const bindAffine: Binder<'affine'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size, scale, offset } = attributes;
  return () => kernels.affine_f32(x, y, size, scale, offset);
};

/** y[r, c] = x[r, c] + bias[c]. */
export const bindBiasAdd: Binder<'biasAdd'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const bias = context.address(reads.bias);
  const y = context.address(writes.y);
  const { rows, channels } = attributes;
  return () => kernels.biasAdd_f32(x, bias, y, rows, channels);
};

/** y[i] = value. */
export const bindFill: Binder<'fill'> = ({ writes, attributes }, context) => {
  const { kernels } = context;
  const y = context.address(writes.y);
  const { size, value } = attributes;
  return () => kernels.fill_f32(y, size, value);
};

/** y[i] = scale · x[0]. */
export const bindSpreadScalar: Binder<'spreadScalar'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size, scale } = attributes;
  return () => kernels.spreadScalar_f32(x, y, size, scale);
};
