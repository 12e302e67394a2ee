import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.js';
import { matmul } from '../../src/ops/matmul.js';
import { averagePool, maxPool, type Pool2dOptions } from '../../src/ops/pool2d.js';
import { distinct, type GradientRow, normal } from './gradient-row.js';

const matmulRows = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB): GradientRow => {
    const turn = (shape: number[], flag: boolean) => (flag ? shape.reverse() : shape);
    return {
      title: `matmul, transposeA ${transposeA}, transposeB ${transposeB}`,
      ops: ['matmul'],
      operands: {
        a: normal('a', turn([3, 5], transposeA)),
        b: normal('b', turn([5, 2], transposeB)),
      },
      build: ({ a, b }) => matmul(a, b, { transposeA, transposeB }),
    };
  }),
);

interface ConvolutionCase {
  image?: readonly number[];
  kernel: readonly number[];
  options?: Partial<Conv2dOptions>;
}

const convolutions: Record<string, ConvolutionCase> = {
  valid: { kernel: [3, 2, 3, 2] },
  'a 1×1 kernel': { kernel: [1, 1, 3, 4] },
  'a 1×1 kernel with strides': { kernel: [1, 1, 3, 2], options: { strides: [2, 2] } },
  'same padding': { kernel: [3, 2, 3, 2], options: { padding: 'same' } },
  'same padding with strides': {
    kernel: [3, 3, 3, 2],
    options: { padding: 'same', strides: [2, 3] },
  },
  'explicit padding': {
    kernel: [2, 3, 3, 2],
    options: { padding: { top: 2, bottom: 0, left: 1, right: 3 }, strides: [1, 2] },
  },
  dilation: { kernel: [2, 3, 3, 2], options: { dilation: [3, 2] } },
  'dilation and same padding': {
    kernel: [3, 3, 3, 2],
    options: { dilation: [2, 2], padding: 'same' },
  },
  groups: { image: [2, 4, 3, 6], kernel: [3, 2, 2, 3], options: { groups: 3 } },
  'groups of one channel': {
    image: [2, 4, 3, 3],
    kernel: [2, 2, 1, 6],
    options: { groups: 3, padding: 'same', strides: [2, 1] },
  },
  'a 1×1 map': { image: [2, 1, 1, 3], kernel: [3, 3, 3, 2], options: { padding: 'same' } },
};

const convolutionRows = Object.entries(convolutions).map(
  ([title, { image = [2, 5, 6, 3], kernel, options }]): GradientRow => ({
    title: `conv2d, ${title}`,
    ops: ['conv2d'],
    operands: { x: normal('x', image), w: normal('w', kernel) },
    build: ({ x, w }) => conv2d(x, w, options),
  }),
);

const windows: Record<string, Pool2dOptions> = {
  'windows side by side': { poolSize: [2, 3], strides: [2, 3], padding: 'valid' },
  'windows that overlap': { poolSize: [3, 3], strides: [2, 1], padding: 'valid' },
  'same padding': { poolSize: [3, 2], strides: [2, 2], padding: 'same' },
};

const poolRows = Object.entries(windows).flatMap(([title, options]): GradientRow[] => [
  {
    title: `maxPool, ${title}`,
    ops: ['maxPool'],
    operands: { x: distinct('x', [2, 5, 6, 3]) },
    build: ({ x }) => maxPool(x, options),
  },
  {
    title: `averagePool, ${title}`,
    ops: ['averagePool'],
    operands: { x: normal('x', [2, 5, 6, 3]) },
    build: ({ x }) => averagePool(x, options),
  },
]);

/** Matrix products, convolutions and pooling. */
export const linearRows: readonly GradientRow[] = [...matmulRows, ...convolutionRows, ...poolRows];
