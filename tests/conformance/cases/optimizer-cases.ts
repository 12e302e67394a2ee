import { batch, type KernelCase } from '../kernel-case.js';
import { normals, positives } from '../test-data.js';

const ranges = [
  { size: 1, start: 0, count: 1 },
  { size: 7, start: 0, count: 7 },
  { size: 64, start: 16, count: 48 },
  { size: 100, start: 3, count: 33 },
  { size: 10, start: 10, count: 0 },
];

/** The range as groups with rates of their own; the first group takes what the others leave. */
function groupsOf(count: number) {
  const third = Math.floor(count / 3);
  return [
    { count: count - 2 * third, rateScale: 1, decay: 0 },
    { count: third, rateScale: 0.25, decay: 0.5 },
    { count: third, rateScale: 0, decay: 0.5 },
  ];
}

/** Ranges as a whole, and in groups. */
const rated = ranges.flatMap(({ size, start, count }) => {
  const title = `elements ${start} + ${count} of ${size}`;
  return [
    { title, size, range: { start, count } },
    { title: `${title} in groups`, size, range: { start, count, groups: groupsOf(count) } },
  ];
});

/** Adam on the first and on later steps; what lies outside the range stays. */
export const adamCases = rated.flatMap(({ title, size, range }) =>
  [1, 2, 1000].map(
    (step): KernelCase<'adam'> => ({
      title: `${title}, step ${step}`,
      attributes: () => ({ ...range, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }),
      reads: {
        w: batch(normals('adam w', size)),
        g: batch(normals('adam g', size)),
        m: batch(step === 1 ? new Float32Array(range.count) : normals('adam m', range.count)),
        v: batch(step === 1 ? new Float32Array(range.count) : positives('adam v', range.count)),
      },
      parameters: { step, learningRate: 0.01 },
    }),
  ),
);

/** Gradient descent without momentum, with it, and with Nesterov's. */
export const sgdCases = rated.flatMap(({ title: which, size, range }) =>
  [
    { momentum: 0, nesterov: false },
    { momentum: 0.9, nesterov: false },
    { momentum: 0.9, nesterov: true },
  ].map(({ momentum, nesterov }): KernelCase<'sgd'> => {
    const title = `${which}, momentum ${momentum}`;
    const reads = { w: batch(normals('sgd w', size)), g: batch(normals('sgd g', size)) };
    const row: KernelCase<'sgd'> = {
      title: nesterov ? `${title}, Nesterov` : title,
      attributes: () => ({ ...range, momentum, nesterov }),
      reads,
      parameters: { learningRate: 0.1 },
    };
    return momentum === 0
      ? row
      : {
          ...row,
          reads: { ...reads, m: batch(normals('sgd m', range.count)) },
          optionalWrites: ['newM'],
        };
  }),
);

/** RMSprop, plain, with momentum, centered, and both. */
export const rmspropCases = rated.flatMap(({ title, size, range }) =>
  [
    { momentum: 0, centered: false },
    { momentum: 0.9, centered: false },
    { momentum: 0, centered: true },
    { momentum: 0.5, centered: true },
  ].map(({ momentum, centered }): KernelCase<'rmsprop'> => {
    const { count } = range;
    const a = normals('rmsprop a', count);
    // A mean square is no smaller than the square of the mean.
    const v = positives('rmsprop v', count).map((value, i) => value + a[i] * a[i]);
    return {
      title: `${title}, momentum ${momentum}${centered ? ', centered' : ''}`,
      attributes: () => ({ ...range, rho: 0.9, momentum, epsilon: 1e-7 }),
      reads: {
        w: batch(normals('rmsprop w', size)),
        g: batch(normals('rmsprop g', size)),
        v: batch(v),
        ...(momentum > 0 && { m: batch(normals('rmsprop m', count)) }),
        ...(centered && { a: batch(a) }),
      },
      optionalWrites: [
        ...(momentum > 0 ? ['newM' as const] : []),
        ...(centered ? ['newA' as const] : []),
      ],
      parameters: { learningRate: 0.01 },
    };
  }),
);

/** Lion; where momentum and gradient are 0, so is the sign. */
export const lionCases = rated.map(({ title, size, range }): KernelCase<'lion'> => {
  const g = normals('lion g', size);
  const m = normals('lion m', range.count);
  g[range.start + 2] = 0;
  m[2] = 0;
  return {
    title,
    attributes: () => ({ ...range, beta1: 0.9, beta2: 0.99 }),
    reads: { w: batch(normals('lion w', size)), g: batch(g), m: batch(m) },
    parameters: { learningRate: 0.01 },
  };
});
