import type { Binder } from '../binding.js';

const WORDS = 2 ** 32;

/** y = x / (1 − rate) where a Philox4x32-10 draw keeps the element, else 0. */
export const bindDropout: Binder<'dropout'> = ({ reads, writes, attributes }, context) => {
  const { kernels, parameters } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { size, rate, stream, offset } = attributes;
  const scale = 1 / (1 - rate);
  const threshold = Math.min(Math.ceil(rate * WORDS), WORDS - 1);
  return () => {
    const { step, seed } = parameters;
    const seedHigh = Math.floor(seed / WORDS);
    kernels.dropout_f32(x, y, size, scale, threshold, offset, step, stream, seed, seedHigh);
  };
};
