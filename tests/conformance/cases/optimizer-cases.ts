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

/** Parts of LAMB: one ends in the middle of a vector, one is empty, one stands still, one is all zeros. */
const lambParts = [
  { from: 0, count: 21, rateScale: 1, decay: 0 },
  { from: 32, count: 0, rateScale: 1, decay: 0.5 },
  { from: 32, count: 600, rateScale: 0.5, decay: 0.5 },
  { from: 640, count: 3, rateScale: 0, decay: 0.5 },
  { from: 656, count: 5, rateScale: 1, decay: 0.5 },
];

function lambOperands(step: number) {
  const w = normals('lamb w', 700);
  const g = normals('lamb g', 700);
  w.fill(0, 16 + 656, 16 + 661);
  g.fill(0, 16 + 656, 16 + 661);
  const m = step === 1 ? new Float32Array(672) : normals('lamb m', 672);
  const v = step === 1 ? new Float32Array(672) : positives('lamb v', 672);
  m.fill(0, 656, 661);
  return { w: batch(w), g: batch(g), m: batch(m), v: batch(v) };
}

const lambAttributes = {
  start: 16,
  count: 672,
  parts: lambParts,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-6,
};

/** LAMB's moments and norms on the first and on later steps. */
export const lambMomentsCases = [1, 2, 1000].map(
  (step): KernelCase<'lambMoments'> => ({
    title: `step ${step}`,
    attributes: () => lambAttributes,
    reads: lambOperands(step),
    parameters: { step, learningRate: 0.01 },
  }),
);

/** LAMB's step; a weight or a direction that is 0 has the ratio 1. */
export const lambCases = [1, 2, 1000].map((step): KernelCase<'lamb'> => {
  const { w, m, v } = lambOperands(2);
  const sums = Float32Array.of(4, 0, 100, 3, 0, 9, 0, 2, 1, 0);
  return {
    title: `step ${step}`,
    attributes: () => lambAttributes,
    reads: { w, m, v, sums: batch(sums) },
    parameters: { step, learningRate: 0.01 },
  };
});

/** Empty, short, long and misaligned parts, with and without gaps. */
const parts = { starts: [0, 5, 8, 16, 700], counts: [5, 3, 0, 679, 4] };

/** Sums of squares, of nothing too. */
export const squaredSumsCases: KernelCase<'squaredSums'>[] = [
  { title: 'parts', attributes: () => parts, reads: { x: batch(normals('squares', 704)) } },
  {
    title: 'no part',
    attributes: () => ({ starts: [], counts: [] }),
    reads: { x: batch(normals('squares', 4)) },
  },
];

/** Norms above the limit, below it, and 0. */
export const clipByNormCases: KernelCase<'clipByNorm'>[] = [0.5, 20].map((clipNorm) => ({
  title: `to ${clipNorm}`,
  attributes: () => ({ ...parts, clipNorm }),
  reads: { g: batch(normals('clip g', 704)), sums: batch(Float32Array.of(4, 0, 0.01, 700, 1)) },
}));

/** A norm above the limit, one below it, and no gradient at all. */
export const clipByGlobalNormCases = ranges.flatMap(({ size, start, count }) =>
  [0, 1, 10].map(
    (scale): KernelCase<'clipByGlobalNorm'> => ({
      title: `elements ${start} + ${count} of ${size}, norm ${scale}`,
      attributes: () => ({ start, count, parts: 3, clipNorm: 2 }),
      reads: {
        g: batch(normals('global g', size).map((value) => value * scale)),
        sums: batch(Float32Array.of(0.25, 0.5, 0.25).map((value) => value * scale * scale)),
      },
    }),
  ),
);

/** Elements on both sides of both limits. */
export const clipByValueCases = ranges.map(
  ({ size, start, count }): KernelCase<'clipByValue'> => ({
    title: `elements ${start} + ${count} of ${size}`,
    attributes: () => ({ start, count, clipValue: 0.5 }),
    reads: { g: batch(normals('value g', size)) },
    compare: 'exact',
  }),
);

/** Steps that only add, and the one that takes the mean. */
export const accumulateGradientsCases = ranges.flatMap(({ size, start, count }) =>
  [1, 2, 3, 6].map(
    (step): KernelCase<'accumulateGradients'> => ({
      title: `elements ${start} + ${count} of ${size}, step ${step} of 3`,
      attributes: () => ({ start, count, steps: 3 }),
      reads: {
        g: batch(normals('accumulated g', size)),
        a: batch(normals('accumulated a', count)),
      },
      parameters: { step },
    }),
  ),
);

/** The first update, which copies, later ones, and one that overwrites. */
export const movingAverageCases = ranges.flatMap(({ size, start, count }) =>
  [1, 2, 3, 4, 6].flatMap((step) =>
    [true, false].map(
      (overwrites): KernelCase<'movingAverage'> => ({
        title: `elements ${start} + ${count} of ${size}, step ${step}${overwrites ? ', overwriting' : ''}`,
        attributes: () => ({
          start,
          count,
          momentum: 0.9,
          accumulationSteps: 2,
          overwriteFrequency: 3,
        }),
        reads: { w: batch(normals('ema w', size)), average: batch(normals('ema average', count)) },
        optionalWrites: overwrites ? ['newW'] : [],
        parameters: { step },
      }),
    ),
  ),
);
