import type { BinaryFunction, UnaryFunction } from '../../../src/plan/kernels.js';
import { batch, type KernelCase, same } from '../kernel-case.js';
import { normals, positives } from '../test-data.js';

/** Sizes around multiples of a SIMD vector, and none. */
const sizes = [0, 1, 3, 4, 7, 64, 1001];

const binaryFunctions: BinaryFunction[] = ['add', 'subtract', 'multiply', 'divide'];

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

const unaryNames = Object.keys(unaryFunctions) as UnaryFunction[];

function argument(fn: UnaryFunction, size: number): Float32Array {
  if (fn === 'log' || fn === 'sqrt') return positives(`unary ${fn}`, size);
  const x = normals(`unary ${fn}`, size);
  // The kink of relu and abs, and arguments whose exponential is far from 1.
  if (size > 3) x.set([0, -0, 9, -9]);
  return x;
}

/** y = fn(a, b). */
export const binaryCases = binaryFunctions.flatMap((fn): KernelCase<'binary'>[] => {
  const rows = sizes.map(
    (size): KernelCase<'binary'> => ({
      title: `${fn} of ${size}`,
      attributes: () => ({ fn, size }),
      reads: { a: batch(normals('binary a', size)), b: batch(positives('binary b', size)) },
    }),
  );
  const last = rows[rows.length - 1];
  return [
    ...rows,
    { ...last, title: `${fn} into a`, inPlace: { y: 'a' } },
    { ...last, title: `${fn} into b`, inPlace: { y: 'b' } },
  ];
});

const broadcasts = [
  { shape: [2, 3, 4, 5], stridesA: [60, 20, 5, 1], stridesB: [0, 0, 0, 1] },
  { shape: [2, 3, 4, 5], stridesA: [3, 1, 0, 0], stridesB: [60, 20, 5, 1] },
  { shape: [3, 1, 7, 1], stridesA: [0, 0, 1, 0], stridesB: [1, 1, 0, 0] },
  { shape: [1, 1, 5, 64], stridesA: [0, 0, 64, 1], stridesB: [0, 0, 1, 0] },
  { shape: [1, 2, 0, 3], stridesA: [6, 3, 3, 1], stridesB: [0, 0, 0, 1] },
  { shape: [1, 1, 1, 1], stridesA: [0, 0, 0, 0], stridesB: [0, 0, 0, 0] },
];

/** y = fn(a, b) with repeated operands. */
export const binaryBroadcastCases = broadcasts.flatMap((row) =>
  binaryFunctions.map((fn): KernelCase<'binaryBroadcast'> => {
    const extent = (strides: number[]) =>
      row.shape.reduce((last, d, axis) => last + Math.max(d - 1, 0) * strides[axis], 0) + 1;
    return {
      title: `${fn} [${row.shape}] by [${row.stridesA}] and [${row.stridesB}]`,
      attributes: () => ({ fn, ...row }),
      reads: {
        a: batch(normals('broadcast a', extent(row.stridesA))),
        b: same(positives('broadcast b', extent(row.stridesB))),
      },
    };
  }),
);

/** y = fn(x). */
export const unaryCases = unaryNames.flatMap((fn): KernelCase<'unary'>[] => {
  const rows = sizes.map(
    (size): KernelCase<'unary'> => ({
      title: `${fn} of ${size}`,
      attributes: () => ({ fn, size }),
      reads: { x: batch(argument(fn, size)) },
    }),
  );
  return [...rows, { ...rows[rows.length - 1], title: `${fn} in place`, inPlace: { y: 'x' } }];
});

/** dx = dy · fn′. */
export const unaryGradientCases = unaryNames.flatMap((fn): KernelCase<'unaryGradient'>[] => {
  const rows = sizes.map((size): KernelCase<'unaryGradient'> => {
    const x = argument(fn, size);
    return {
      title: `${fn} of ${size}`,
      attributes: () => ({ fn, size }),
      reads: {
        x: batch(x),
        y: batch(x.map(unaryFunctions[fn])),
        dy: batch(normals('unary dy', size)),
      },
    };
  });
  return [...rows, { ...rows[rows.length - 1], title: `${fn} in place`, inPlace: { dx: 'dy' } }];
});

/** y = scale · x + offset. */
export const affineCases = sizes.flatMap((size): KernelCase<'affine'>[] => {
  const row: KernelCase<'affine'> = {
    title: `of ${size}`,
    attributes: () => ({ size, scale: -1.7, offset: 0.3 }),
    reads: { x: batch(normals('affine', size)) },
  };
  return [row, { ...row, title: `of ${size} in place`, inPlace: { y: 'x' } }];
});

const matrices = [
  [0, 5],
  [1, 1],
  [1, 64],
  [7, 3],
  [5, 10],
  [33, 7],
  [300, 5],
  [9, 64],
];

/** y = x + bias. */
export const biasAddCases = matrices.flatMap(([rows, channels]): KernelCase<'biasAdd'>[] => {
  const row: KernelCase<'biasAdd'> = {
    title: `${rows}×${channels}`,
    attributes: () => ({ rows, channels }),
    reads: {
      x: batch(normals('bias x', rows * channels)),
      bias: same(normals('bias', channels)),
    },
  };
  return [row, { ...row, title: `${rows}×${channels} in place`, inPlace: { y: 'x' } }];
});

/** y = Σ over rows. */
export const columnSumsCases = matrices.map(
  ([rows, channels]): KernelCase<'columnSums'> => ({
    title: `${rows}×${channels}`,
    attributes: () => ({ rows, channels }),
    reads: { x: batch(normals('column sums', rows * channels)) },
  }),
);

/** y = value. */
export const fillCases = sizes.map(
  (size): KernelCase<'fill'> => ({
    title: `of ${size}`,
    attributes: () => ({ size, value: -2.5 }),
    reads: {},
    compare: 'exact',
  }),
);
