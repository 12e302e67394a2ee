import type { BinaryFunction, UnaryFunction } from '../../../plan/kernels.js';
import type { LocalKernel } from '../reference-kernel.js';

const binaryFunctions: Record<BinaryFunction, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
};

const unaryFunctions: Record<UnaryFunction, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  abs: Math.abs,
  negate: (x) => -x,
};

const unaryDerivatives: Record<UnaryFunction, (x: number, y: number) => number> = {
  relu: (_, y) => (y > 0 ? 1 : 0),
  sigmoid: (_, y) => y * (1 - y),
  tanh: (_, y) => 1 - y * y,
  exp: (_, y) => y,
  log: (x) => 1 / x,
  sqrt: (_, y) => 0.5 / y,
  square: (x) => 2 * x,
  abs: (x) => Math.sign(x),
  negate: () => -1,
};

/** y[i] = fn(a[i], b[i]). */
export const binary: LocalKernel<'binary'> = ({ reads: { a, b }, writes: { y }, attributes }) => {
  const fn = binaryFunctions[attributes.fn];
  for (let i = 0; i < attributes.size; i++) y[i] = fn(a[i], b[i]);
};

/** y[i…] = fn(a[Σ i·stridesA], b[Σ i·stridesB]). */
export const binaryBroadcast: LocalKernel<'binaryBroadcast'> = ({
  reads: { a, b },
  writes: { y },
  attributes: { fn: name, shape, stridesA, stridesB },
}) => {
  const fn = binaryFunctions[name];
  let target = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let k = 0; k < shape[2]; k++) {
        for (let l = 0; l < shape[3]; l++) {
          const inA = i * stridesA[0] + j * stridesA[1] + k * stridesA[2] + l * stridesA[3];
          const inB = i * stridesB[0] + j * stridesB[1] + k * stridesB[2] + l * stridesB[3];
          y[target++] = fn(a[inA], b[inB]);
        }
      }
    }
  }
};

/** y[i] = fn(x[i]). */
export const unary: LocalKernel<'unary'> = ({ reads: { x }, writes: { y }, attributes }) => {
  const fn = unaryFunctions[attributes.fn];
  for (let i = 0; i < attributes.size; i++) y[i] = fn(x[i]);
};

/** dx[i] = dy[i] · fn′(x[i]). */
export const unaryGradient: LocalKernel<'unaryGradient'> = ({
  reads: { x, y, dy },
  writes: { dx },
  attributes,
}) => {
  const derivative = unaryDerivatives[attributes.fn];
  for (let i = 0; i < attributes.size; i++) dx[i] = dy[i] * derivative(x[i], y[i]);
};

/** y[i] = scale · x[i] + offset. */
export const affine: LocalKernel<'affine'> = ({ reads: { x }, writes: { y }, attributes }) => {
  const { size, scale, offset } = attributes;
  for (let i = 0; i < size; i++) y[i] = scale * x[i] + offset;
};

/** y[r, c] = x[r, c] + bias[c]. */
export const biasAdd: LocalKernel<'biasAdd'> = ({
  reads: { x, bias },
  writes: { y },
  attributes,
}) => {
  const { rows, channels } = attributes;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++) y[r * channels + c] = x[r * channels + c] + bias[c];
  }
};

/** y[i] = value. */
export const fill: LocalKernel<'fill'> = ({ writes: { y }, attributes }) => {
  y.fill(attributes.value);
};
