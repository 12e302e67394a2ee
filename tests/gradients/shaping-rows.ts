import { multiply } from '../../src/ops/binary.js';
import { pad, slice } from '../../src/ops/box-copy.js';
import { broadcastTo } from '../../src/ops/broadcast-to.js';
import { concatenate } from '../../src/ops/concatenate.js';
import { mean, sum } from '../../src/ops/reduce.js';
import { regularization } from '../../src/ops/regularization.js';
import { flatten, reshape } from '../../src/ops/reshape.js';
import { stopGradient } from '../../src/ops/stop-gradient.js';
import { totalSum } from '../../src/ops/total-sum.js';
import { square } from '../../src/ops/unary.js';
import { distinct, type GradientRow, normal } from './gradient-row.js';

const image = normal('image', [2, 5, 4, 3]);

/** Operations that move, repeat or add up elements. */
export const shapingRows: readonly GradientRow[] = [
  {
    title: 'pad',
    ops: ['pad'],
    operands: { x: image },
    build: ({ x }) =>
      pad(x, [
        [1, 2],
        [0, 3],
        [2, 0],
      ]),
  },
  {
    title: 'slice',
    ops: ['slice'],
    operands: { x: image },
    build: ({ x }) => slice(x, [1, 2, 0], [3, 1, 2]),
  },
  {
    title: 'slice with strides',
    ops: ['slice'],
    operands: { x: image },
    build: ({ x }) => slice(x, [0, 1, 2], [3, 2, 1], [2, 2, 1]),
  },
  ...[1, 2, 3].map((axis): GradientRow => {
    const shape = (length: number) => [2, 3, 2, 4].map((d, i) => (i === axis ? length : d));
    return {
      title: `concatenate along axis ${axis}`,
      ops: ['concatenate'],
      operands: { a: normal('a', shape(1)), b: normal('b', shape(3)), c: normal('c', shape(2)) },
      build: ({ a, b, c }) => concatenate([a, b, c], axis),
    };
  }),
  {
    title: 'reshape',
    ops: ['reshape'],
    operands: { x: image },
    build: ({ x }) => square(reshape(x, [2, 10, 6])),
  },
  {
    title: 'flatten',
    ops: ['flatten'],
    operands: { x: image },
    build: ({ x }) => square(flatten(x)),
  },
  {
    title: 'broadcastTo',
    ops: ['broadcastTo'],
    operands: { x: normal('x', [2, 1, 3, 1]) },
    build: ({ x }) => broadcastTo(x, [2, 5, 3, 4]),
  },
  ...[false, true].flatMap((keepDims): GradientRow[] => {
    const suffix = keepDims ? ', axes kept' : '';
    return [
      {
        title: `sum over the first axes${suffix}`,
        ops: ['sum'],
        operands: { x: image },
        build: ({ x }) => sum(x, [0, 1], keepDims),
      },
      {
        title: `mean over height and width${suffix}`,
        ops: ['mean'],
        operands: { x: image },
        build: ({ x }) => mean(x, [1, 2], keepDims),
      },
      {
        title: `mean over the last axis${suffix}`,
        ops: ['mean'],
        operands: { x: image },
        build: ({ x }) => mean(x, [-1], keepDims),
      },
    ];
  }),
  {
    title: 'a product whose other factor is stopped',
    ops: ['stopGradient'],
    operands: { x: image },
    constants: { factor: normal('factor', [2, 5, 4, 3]) },
    build: ({ x, factor }) => multiply(x, stopGradient(factor)),
  },
  {
    title: 'totalSum',
    ops: [],
    operands: { x: image },
    build: ({ x }) => totalSum(square(x), 0.25),
  },
  {
    title: 'regularization',
    ops: [],
    operands: { w: distinct('w', [3, 4]) },
    build: ({ w }) => regularization(w, 0.3, 0.7),
  },
];
