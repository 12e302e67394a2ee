import type { KernelTable } from '../../../src/plan/kernels.js';
import { batch, type KernelCase, same } from '../kernel-case.js';
import { normals } from '../test-data.js';

interface CopyRow {
  title: string;
  sourceSize: number;
  attributes: KernelTable['stridedCopy']['attributes'];
}

const copies: CopyRow[] = [
  {
    title: 'pads a map',
    sourceSize: 2 * 3 * 4 * 5,
    attributes: {
      shape: [2, 3, 4, 5],
      sourceOffset: 0,
      sourceStrides: [60, 20, 5, 1],
      targetOffset: 2 * 35 + 5,
      targetStrides: [6 * 35, 35, 5, 1],
      targetSize: 2 * 6 * 35,
      clear: true,
    },
  },
  {
    title: 'cuts a map out',
    sourceSize: 2 * 6 * 7 * 3,
    attributes: {
      shape: [2, 4, 5, 3],
      sourceOffset: 24,
      sourceStrides: [126, 21, 3, 1],
      targetOffset: 0,
      targetStrides: [60, 15, 3, 1],
      targetSize: 120,
      clear: false,
    },
  },
  {
    title: 'takes every second pixel of some channels',
    sourceSize: 2 * 4 * 6 * 7,
    attributes: {
      shape: [2, 2, 3, 5],
      sourceOffset: 1,
      sourceStrides: [168, 84, 14, 1],
      targetOffset: 2,
      targetStrides: [60, 30, 10, 1],
      targetSize: 122,
      clear: true,
    },
  },
  {
    title: 'repeats a row',
    sourceSize: 7,
    attributes: {
      shape: [1, 3, 5, 7],
      sourceOffset: 0,
      sourceStrides: [0, 0, 0, 1],
      targetOffset: 0,
      targetStrides: [105, 35, 7, 1],
      targetSize: 105,
      clear: false,
    },
  },
  {
    title: 'transposes',
    sourceSize: 2 * 3 * 5,
    attributes: {
      shape: [1, 2, 5, 3],
      sourceOffset: 0,
      sourceStrides: [30, 15, 1, 5],
      targetOffset: 0,
      targetStrides: [30, 15, 3, 1],
      targetSize: 30,
      clear: false,
    },
  },
  {
    title: 'copies one element',
    sourceSize: 1,
    attributes: {
      shape: [1, 1, 1, 1],
      sourceOffset: 0,
      sourceStrides: [0, 0, 0, 0],
      targetOffset: 4,
      targetStrides: [0, 0, 0, 0],
      targetSize: 9,
      clear: true,
    },
  },
  {
    title: 'copies nothing',
    sourceSize: 0,
    attributes: {
      shape: [0, 2, 2, 3],
      sourceOffset: 0,
      sourceStrides: [12, 6, 3, 1],
      targetOffset: 0,
      targetStrides: [12, 6, 3, 1],
      targetSize: 5,
      clear: true,
    },
  },
];

/** Padding, slicing, repeating and transposing. */
export const stridedCopyCases = copies.map(
  ({ title, sourceSize, attributes }): KernelCase<'stridedCopy'> => ({
    title,
    attributes: () => attributes,
    reads: { x: batch(normals(`copy ${title}`, sourceSize)) },
    compare: 'exact',
  }),
);

const joins = [
  { outer: 3, widths: [1, 5, 2] },
  { outer: 1, widths: [7] },
  { outer: 20, widths: [64, 3] },
  { outer: 5, widths: [2, 2, 2, 2, 2] },
  { outer: 0, widths: [4, 3] },
];

/** y = x0, x1 … side by side. */
export const concatCases = joins.map(
  (attributes): KernelCase<'concat'> => ({
    title: `${attributes.outer} rows of ${attributes.widths.join(' + ')}`,
    attributes: () => attributes,
    reads: Object.fromEntries(
      attributes.widths.map((width, k) => [
        `x${k}`,
        batch(normals(`concat ${k}`, attributes.outer * width)),
      ]),
    ),
    compare: 'exact',
  }),
);

const reductions = [
  { outer: 1, count: 5, inner: 1, scale: 1 },
  { outer: 3, count: 7, inner: 5, scale: 1 / 7 },
  { outer: 2, count: 1, inner: 3, scale: -2 },
  { outer: 4, count: 49, inner: 64, scale: 1 / 49 },
  { outer: 3, count: 0, inner: 2, scale: 1 },
  { outer: 0, count: 4, inner: 3, scale: 1 },
];

/** y = scale · Σ over the middle axis. */
export const reduceSumCases = reductions.map((attributes): KernelCase<'reduceSum'> => {
  const { outer, count, inner } = attributes;
  return {
    title: `${outer}×${count}×${inner}`,
    attributes: () => attributes,
    reads: { x: batch(normals('reduce', outer * count * inner)) },
  };
});

const sizes = [0, 1, 3, 7, 1001];

/** y = scale · Σ x, each replica its own. */
export const totalSumCases: KernelCase<'totalSum'>[] = [
  ...sizes.map(
    (size): KernelCase<'totalSum'> => ({
      title: `of ${size}`,
      attributes: () => ({ size, scale: 0.25 }),
      reads: { x: batch(normals('total', size)) },
    }),
  ),
  {
    title: 'shares 2 and 1',
    shares: [2, 1],
    attributes: (replica) => ({ size: [2, 1][replica], scale: 1 / 3 }),
    reads: { x: batch(normals('total', 3)) },
  },
];

/** y = scale · x[0] everywhere. */
export const spreadScalarCases = sizes.map(
  (size): KernelCase<'spreadScalar'> => ({
    title: `to ${size}`,
    attributes: () => ({ size, scale: 0.25 }),
    reads: { x: same(normals('spread', 1)) },
  }),
);

/** y = scale · (l1 · Σ|w| + l2 · Σw²). */
export const regularizationCases = sizes.flatMap((size) =>
  [
    { l1: 0.01, l2: 0 },
    { l1: 0, l2: 0.02 },
    { l1: 0.01, l2: 0.02 },
  ].map(
    (rates): KernelCase<'regularization'> => ({
      title: `of ${size}, l1 ${rates.l1}, l2 ${rates.l2}`,
      attributes: () => ({ size, ...rates, scale: 0.5 }),
      reads: { w: same(normals('regularization', size)) },
    }),
  ),
);

/** Its gradient. */
export const regularizationGradientCases = sizes.flatMap((size) =>
  [
    { l1: 0.01, l2: 0 },
    { l1: 0.01, l2: 0.02 },
  ].map((rates): KernelCase<'regularizationGradient'> => {
    const w = normals('regularization', size);
    if (size > 1) w[1] = 0;
    return {
      title: `of ${size}, l1 ${rates.l1}, l2 ${rates.l2}`,
      attributes: () => ({ size, ...rates, scale: 0.5 }),
      reads: { w: same(w), dloss: same(Float32Array.of(3)) },
    };
  }),
);

const dropouts = [
  { size: 1, rate: 0.5, offset: 0 },
  { size: 7, rate: 0.5, offset: 3 },
  { size: 1000, rate: 0.3, offset: 1 },
  { size: 64, rate: 0, offset: 0 },
  { size: 101, rate: 0.999, offset: 4 },
  { size: 0, rate: 0.5, offset: 0 },
];

/** Which elements are dropped is decided by the element's place in the whole batch. */
export const dropoutCases: KernelCase<'dropout'>[] = [
  ...dropouts.flatMap(({ size, rate, offset }): KernelCase<'dropout'>[] => {
    const row: KernelCase<'dropout'> = {
      title: `${size} at rate ${rate} from ${offset}`,
      attributes: () => ({ size, rate, stream: 0xdeadbeef, offset }),
      reads: { x: batch(normals('dropout', size)) },
      parameters: { step: 3, seed: 2 ** 40 + 17 },
      compare: 'zeros',
    };
    return [row, { ...row, title: `${row.title} in place`, inPlace: { y: 'x' } }];
  }),
  {
    title: 'shares 2, 0 and 1 of 11 elements',
    shares: [2, 0, 1],
    attributes: (replica) => ({
      size: [22, 0, 11][replica],
      rate: 0.4,
      stream: 9,
      offset: [0, 22, 22][replica],
    }),
    reads: { x: batch(normals('dropout', 33)) },
    compare: 'zeros',
  },
];
