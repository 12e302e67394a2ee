import type { Binder } from '../binding.js';
import { optionalAddress } from './optional-address.js';

/** Adam over [start, start + count) of w and g and [0, count) of m and v. */
export const bindAdam: Binder<'adam'> = ({ reads, writes, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, count, beta1, beta2, epsilon } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const m = context.address(reads.m);
  const v = context.address(reads.v);
  const newW = context.address(writes.newW) + 4 * start;
  const newM = context.address(writes.newM);
  const newV = context.address(writes.newV);
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  return () => {
    const { learningRate, step } = parameters;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    kernels.adam_f32(w, g, m, v, newW, newM, newV, count, rate, rest1, rest2, epsilon);
  };
};

/** SGD over the same ranges; with m and newM it has momentum. */
export const bindSgd: Binder<'sgd'> = ({ reads, writes, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, count, momentum } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const newW = context.address(writes.newW) + 4 * start;
  const m = optionalAddress(context, reads.m);
  const newM = optionalAddress(context, writes.newM);
  if (m === 0 || newM === 0) {
    return () => kernels.sgd_f32(w, g, newW, count, parameters.learningRate);
  }
  const nesterov = Number(attributes.nesterov);
  return () => {
    const { learningRate } = parameters;
    kernels.sgdMomentum_f32(w, g, m, newW, newM, count, learningRate, momentum, nesterov);
  };
};
