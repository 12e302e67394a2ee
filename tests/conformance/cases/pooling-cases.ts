import type { Pool2dAttributes } from '../../../src/plan/kernels.js';
import { maxPool } from '../../../src/runtime/reference/kernels/pooling.js';
import { batch, type KernelCase } from '../kernel-case.js';
import { integers, normals } from '../test-data.js';

interface PoolRow {
  title: string;
  shares?: number[];
  batch?: number;
  map: [number, number];
  channels: number;
  pool: [number, number];
  stride: [number, number];
  /** Top, left, bottom, right. */
  pad?: [number, number, number, number];
}

const poolRows: PoolRow[] = [
  { title: '2×2 / 2', batch: 2, map: [4, 6], channels: 3, pool: [2, 2], stride: [2, 2] },
  { title: '3×3 / 2, valid', batch: 2, map: [14, 14], channels: 64, pool: [3, 3], stride: [2, 2] },
  {
    title: '3×3 / 2, padded',
    batch: 3,
    map: [5, 6],
    channels: 5,
    pool: [3, 3],
    stride: [2, 2],
    pad: [1, 1, 1, 1],
  },
  {
    title: '3×3 / 1, padded',
    batch: 1,
    map: [4, 4],
    channels: 7,
    pool: [3, 3],
    stride: [1, 1],
    pad: [1, 1, 1, 1],
  },
  {
    title: '2×2 / 2 on a 1×1 map, padded at one side',
    batch: 3,
    map: [1, 1],
    channels: 10,
    pool: [2, 2],
    stride: [2, 2],
    pad: [0, 0, 1, 1],
  },
  {
    title: 'gaps between windows',
    batch: 2,
    map: [7, 7],
    channels: 1,
    pool: [1, 2],
    stride: [3, 4],
  },
  { title: 'the whole map', batch: 2, map: [3, 5], channels: 5, pool: [3, 5], stride: [3, 5] },
  { title: 'no images', batch: 0, map: [4, 4], channels: 3, pool: [2, 2], stride: [2, 2] },
  {
    title: 'shares 2 and 1',
    shares: [2, 1],
    map: [4, 4],
    channels: 3,
    pool: [3, 3],
    stride: [1, 1],
  },
  {
    title: 'shares 1 and 0',
    shares: [1, 0],
    map: [4, 4],
    channels: 3,
    pool: [2, 2],
    stride: [2, 2],
  },
];

function poolAttributes(row: PoolRow, images: number): Pool2dAttributes {
  const { map, pool, stride, pad = [0, 0, 0, 0] } = row;
  const out = (axis: 0 | 1) =>
    Math.floor((map[axis] + pad[axis] + pad[axis + 2] - pool[axis]) / stride[axis]) + 1;
  return {
    batch: images,
    height: map[0],
    width: map[1],
    channels: row.channels,
    poolHeight: pool[0],
    poolWidth: pool[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    padTop: pad[0],
    padLeft: pad[1],
    outHeight: out(0),
    outWidth: out(1),
  };
}

function poolCase(row: PoolRow, ties: boolean) {
  const shares = row.shares ?? [1];
  const images = row.batch ?? shares.reduce((a, b) => a + b, 0);
  const all = poolAttributes(row, images);
  const inputs = images * all.height * all.width * all.channels;
  const x = ties ? integers(row.title, inputs, 3) : normals(row.title, inputs);
  const y = new Float32Array(images * all.outHeight * all.outWidth * all.channels);
  const parameters = { step: 1, learningRate: 0, seed: 0 };
  maxPool({ reads: { x }, writes: { y }, attributes: all, parameters });
  return {
    title: ties ? `${row.title}, with ties` : row.title,
    shares,
    attributes: (replica: number) =>
      poolAttributes(row, row.shares === undefined ? images : row.shares[replica]),
    x,
    y,
    dy: normals(`${row.title} dy`, y.length),
  };
}

/** y = the largest of the window. */
export const maxPoolCases = poolRows.map((row): KernelCase<'maxPool'> => {
  const { title, shares, attributes, x } = poolCase(row, false);
  return { title, shares, attributes, reads: { x: batch(x) }, compare: 'exact' };
});

/** dy goes to the first maximum. */
export const maxPoolGradientCases = poolRows.flatMap((row) =>
  [false, true].map((ties): KernelCase<'maxPoolGradient'> => {
    const { title, shares, attributes, x, y, dy } = poolCase(row, ties);
    return {
      title,
      shares,
      attributes,
      reads: { x: batch(x), y: batch(y), dy: batch(dy) },
      compare: 'zeros',
    };
  }),
);

/** y = the mean of the window. */
export const averagePoolCases = poolRows.map((row): KernelCase<'averagePool'> => {
  const { title, shares, attributes, x } = poolCase(row, false);
  return { title, shares, attributes, reads: { x: batch(x) } };
});

/** dy is shared by the window. */
export const averagePoolGradientCases = poolRows.map((row): KernelCase<'averagePoolGradient'> => {
  const { title, shares, attributes, dy } = poolCase(row, false);
  return { title, shares, attributes, reads: { dy: batch(dy) } };
});
