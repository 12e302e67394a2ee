import { batch, type KernelCase } from '../kernel-case.js';
import { normals, positives } from '../test-data.js';

const ranges = [
  { size: 1, start: 0, count: 1 },
  { size: 7, start: 0, count: 7 },
  { size: 64, start: 16, count: 48 },
  { size: 100, start: 3, count: 33 },
  { size: 10, start: 10, count: 0 },
];

/** Adam on the first and on later steps; what lies outside the range stays. */
export const adamCases = ranges.flatMap(({ size, start, count }) =>
  [1, 2, 1000].map(
    (step): KernelCase<'adam'> => ({
      title: `elements ${start} + ${count} of ${size}, step ${step}`,
      attributes: () => ({ start, count, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }),
      reads: {
        w: batch(normals('adam w', size)),
        g: batch(normals('adam g', size)),
        m: batch(step === 1 ? new Float32Array(count) : normals('adam m', count)),
        v: batch(step === 1 ? new Float32Array(count) : positives('adam v', count)),
      },
      parameters: { step, learningRate: 0.01 },
    }),
  ),
);

/** Gradient descent without momentum, with it, and with Nesterov's. */
export const sgdCases = ranges.flatMap(({ size, start, count }) =>
  [
    { momentum: 0, nesterov: false },
    { momentum: 0.9, nesterov: false },
    { momentum: 0.9, nesterov: true },
  ].map(({ momentum, nesterov }): KernelCase<'sgd'> => {
    const title = `elements ${start} + ${count} of ${size}, momentum ${momentum}`;
    const reads = { w: batch(normals('sgd w', size)), g: batch(normals('sgd g', size)) };
    const row: KernelCase<'sgd'> = {
      title: nesterov ? `${title}, Nesterov` : title,
      attributes: () => ({ start, count, momentum, nesterov }),
      reads,
      parameters: { learningRate: 0.1 },
    };
    return momentum === 0
      ? row
      : {
          ...row,
          reads: { ...reads, m: batch(normals('sgd m', count)) },
          optionalWrites: ['newM'],
        };
  }),
);
