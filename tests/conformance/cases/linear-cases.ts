import { type ConvGeometry, chooseConvAlgorithm } from '../../../src/plan/conv-workspace.js';
import type { Conv2dAttributes } from '../../../src/plan/kernels.js';
import { batch, type KernelCase, same } from '../kernel-case.js';
import { normals } from '../test-data.js';

const matrixSizes = [
  [1, 1, 1],
  [3, 5, 7],
  [17, 33, 65],
  [64, 64, 64],
  [100, 10, 37],
  [2, 130, 3],
  [0, 3, 5],
  [3, 5, 0],
];

/** c = op(a) · op(b) in all four orientations. */
export const matmulCases: KernelCase<'matmul'>[] = matrixSizes.flatMap(([m, n, k]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      title: `${m}×${k}${transposeA ? 'ᵀ' : ''} · ${k}×${n}${transposeB ? 'ᵀ' : ''}`,
      attributes: () => ({ m, n, k, transposeA, transposeB }),
      reads: {
        a: batch(normals(`matmul a ${m} ${n} ${k}`, m * k)),
        b: same(normals(`matmul b ${m} ${n} ${k}`, k * n)),
      },
    })),
  ),
);

interface ConvRow {
  title: string;
  shares?: number[];
  batch?: number;
  /** Height and width. */
  map: [number, number];
  channels: number;
  filters: number;
  kernel?: [number, number];
  stride?: [number, number];
  /** Top, left, bottom, right. */
  pad?: [number, number, number, number];
  dilation?: [number, number];
  groups?: number;
  imagesPerChunk?: number;
  /** Instead of the algorithm that is chosen for the geometry. */
  algorithm?: 'taps' | 'winograd';
}

const convRows: ConvRow[] = [
  { title: 'pointwise', batch: 3, map: [5, 4], channels: 7, filters: 5 },
  { title: 'pointwise, wide', batch: 2, map: [7, 7], channels: 64, filters: 64 },
  { title: 'pointwise on a 1×1 map', batch: 1, map: [1, 1], channels: 3, filters: 1 },
  { title: '1×1 as im2col', batch: 3, map: [3, 2], channels: 5, filters: 3, imagesPerChunk: 2 },
  { title: '1×1, stride 2', batch: 2, map: [6, 5], channels: 5, filters: 7, stride: [2, 2] },
  {
    title: '3×3, same',
    batch: 2,
    map: [5, 7],
    channels: 3,
    filters: 5,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: '3×3, same, tap by tap',
    batch: 3,
    map: [3, 2],
    channels: 5,
    filters: 7,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
    algorithm: 'taps',
  },
  {
    title: '3×3, same, by points of a pair and of three',
    shares: [2, 3],
    map: [2, 3],
    channels: 20,
    filters: 8,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
    algorithm: 'winograd',
    imagesPerChunk: 2,
  },
  {
    title: '3×3, same, by points of two and of three, twice',
    shares: [2, 3],
    map: [4, 6],
    channels: 4,
    filters: 36,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
    algorithm: 'winograd',
    imagesPerChunk: 2,
  },
  {
    title: '3×3, same and deep enough for winograd to be chosen',
    shares: [12, 1],
    map: [7, 8],
    channels: 64,
    filters: 68,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: '3×3, same, wide enough for taps to be chosen',
    shares: [2, 1],
    map: [2, 2],
    channels: 64,
    filters: 65,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: '3×3, same, too wide for direct to be chosen',
    shares: [2, 1],
    map: [5, 6],
    channels: 33,
    filters: 9,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: '5×3, stride 2, direct',
    batch: 2,
    map: [9, 8],
    channels: 6,
    filters: 13,
    kernel: [5, 3],
    stride: [2, 2],
    pad: [2, 1, 1, 1],
  },
  {
    title: '5×3 with taps that never meet the image',
    batch: 2,
    map: [1, 4],
    channels: 3,
    filters: 3,
    kernel: [5, 3],
    pad: [2, 2, 2, 2],
    dilation: [1, 2],
    algorithm: 'taps',
  },
  {
    title: '3×3, stride 2, padded at one side',
    batch: 1,
    map: [6, 6],
    channels: 5,
    filters: 3,
    kernel: [3, 3],
    stride: [2, 2],
    pad: [0, 0, 1, 1],
  },
  {
    title: '3×3 on a 1×1 map',
    batch: 3,
    map: [1, 1],
    channels: 7,
    filters: 7,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: '3×3, wide',
    batch: 4,
    map: [3, 3],
    channels: 64,
    filters: 64,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: '7×7, stride 2',
    batch: 2,
    map: [14, 14],
    channels: 1,
    filters: 64,
    kernel: [7, 7],
    stride: [2, 2],
    pad: [3, 3, 3, 3],
  },
  {
    title: '2×3, strides 1 and 3, odd padding',
    batch: 2,
    map: [4, 8],
    channels: 3,
    filters: 2,
    kernel: [2, 3],
    stride: [1, 3],
    pad: [1, 2, 0, 1],
  },
  {
    title: 'dilation 2 and 3',
    batch: 2,
    map: [8, 9],
    channels: 3,
    filters: 4,
    kernel: [3, 3],
    dilation: [2, 3],
    pad: [2, 3, 2, 3],
  },
  {
    title: 'few filters on a large map, which favours the flipped kernel for dx',
    batch: 3,
    map: [20, 17],
    channels: 4,
    filters: 1,
    kernel: [3, 2],
    pad: [2, 0, 1, 1],
  },
  {
    title: 'few filters on a large map, dilated',
    shares: [2, 1],
    map: [24, 25],
    channels: 8,
    filters: 2,
    kernel: [3, 3],
    pad: [2, 1, 2, 1],
    dilation: [2, 1],
  },
  {
    title: 'two groups',
    batch: 2,
    map: [4, 5],
    channels: 6,
    filters: 10,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
    groups: 2,
  },
  { title: 'groups of 1×1', batch: 2, map: [3, 3], channels: 6, filters: 3, groups: 3 },
  {
    title: 'depthwise, stride 2',
    batch: 3,
    map: [5, 5],
    channels: 5,
    filters: 5,
    kernel: [3, 3],
    stride: [2, 2],
    pad: [1, 1, 1, 1],
    groups: 5,
    imagesPerChunk: 2,
  },
  {
    title: 'chunks that do not divide the batch',
    batch: 5,
    map: [5, 4],
    channels: 3,
    filters: 5,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
    imagesPerChunk: 2,
  },
  {
    title: 'no images',
    batch: 0,
    map: [4, 4],
    channels: 3,
    filters: 5,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  {
    title: 'shares 2 and 1',
    shares: [2, 1],
    map: [4, 3],
    channels: 5,
    filters: 3,
    kernel: [3, 3],
    pad: [1, 1, 1, 1],
  },
  { title: 'shares 1 and 0', shares: [1, 0], map: [4, 3], channels: 5, filters: 3 },
  {
    title: 'shares 2, 1 and 1',
    shares: [2, 1, 1],
    map: [3, 3],
    channels: 3,
    filters: 4,
    kernel: [2, 2],
  },
];

function convAttributes(row: ConvRow, images: number): Conv2dAttributes {
  const { map, kernel = [1, 1], stride = [1, 1], dilation = [1, 1], pad = [0, 0, 0, 0] } = row;
  const out = (axis: 0 | 1) => {
    const reach = (kernel[axis] - 1) * dilation[axis] + 1;
    return Math.floor((map[axis] + pad[axis] + pad[axis + 2] - reach) / stride[axis]) + 1;
  };
  const geometry: ConvGeometry = {
    batch: images,
    height: map[0],
    width: map[1],
    channels: row.channels,
    filters: row.filters,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    padTop: pad[0],
    padLeft: pad[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    groups: row.groups ?? 1,
    outHeight: out(0),
    outWidth: out(1),
  };
  const { imagesPerChunk } = row;
  if (row.algorithm !== undefined) {
    return { ...geometry, algorithm: row.algorithm, imagesPerChunk: imagesPerChunk ?? 0 };
  }
  const algorithm: Pick<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'> =
    imagesPerChunk === undefined
      ? chooseConvAlgorithm(geometry)
      : { algorithm: 'im2col', imagesPerChunk };
  return { ...geometry, ...algorithm };
}

function convCase(row: ConvRow) {
  const shares = row.shares ?? [1];
  const images = row.batch ?? shares.reduce((a, b) => a + b, 0);
  const attributes = (replica: number) =>
    convAttributes(row, row.shares === undefined ? images : row.shares[replica]);
  const all = convAttributes(row, images);
  const { kernelHeight, kernelWidth, channels, groups, filters } = all;
  return {
    title: row.title,
    shares,
    attributes,
    x: normals(`${row.title} x`, images * all.height * all.width * channels),
    w: normals(`${row.title} w`, (kernelHeight * kernelWidth * channels * filters) / groups),
    dy: normals(`${row.title} dy`, images * all.outHeight * all.outWidth * filters),
    accumulator: normals(`${row.title} a`, images * all.height * all.width * channels),
  };
}

/** y from x and w. */
export const conv2dCases = convRows.map((row): KernelCase<'conv2d'> => {
  const { title, shares, attributes, x, w } = convCase(row);
  return { title, shares, attributes, reads: { x: batch(x), w: same(w) } };
});

/** dx from dy and w; alone, added to an accumulator, and added in place. */
export const conv2dInputGradientCases = convRows.flatMap(
  (row): KernelCase<'conv2dInputGradient'>[] => {
    const { title, shares, attributes, dy, w, accumulator } = convCase(row);
    const reads = { dy: batch(dy), w: same(w) };
    const added = { ...reads, accumulator: batch(accumulator) };
    return [
      { title, shares, attributes, reads },
      { title: `${title}, accumulated`, shares, attributes, reads: added },
      {
        title: `${title}, accumulated in place`,
        shares,
        attributes,
        reads: added,
        inPlace: { dx: 'accumulator' },
      },
    ];
  },
);

/** dw from x and dy. */
export const conv2dFilterGradientCases = convRows.map((row): KernelCase<'conv2dFilterGradient'> => {
  const { title, shares, attributes, x, dy } = convCase(row);
  return { title, shares, attributes, reads: { x: batch(x), dy: batch(dy) } };
});
