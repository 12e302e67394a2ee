import { affine } from '../../src/ops/affine.js';
import { biasAdd } from '../../src/ops/bias-add.js';
import * as binary from '../../src/ops/binary.js';
import { dropout } from '../../src/ops/dropout.js';
import type { Value } from '../../src/ops/ir.js';
import * as unary from '../../src/ops/unary.js';
import { distinct, type GradientRow, normal, type Operand, positive } from './gradient-row.js';

type Draw = (key: string, shape: readonly number[]) => Operand;

const unaryCases: Record<string, [(x: Value) => Value, Draw]> = {
  relu: [unary.relu, distinct],
  sigmoid: [unary.sigmoid, normal],
  tanh: [unary.tanh, normal],
  exp: [unary.exp, normal],
  log: [unary.log, positive],
  sqrt: [unary.sqrt, positive],
  square: [unary.square, normal],
  abs: [unary.abs, distinct],
  negate: [unary.negate, normal],
};

const unaryRows = Object.entries(unaryCases).map(([name, [apply, draw]]): GradientRow => {
  return {
    title: name,
    ops: [name],
    operands: { x: draw(name, [3, 7]) },
    build: ({ x }) => apply(x),
  };
});

const binaryCases: Record<string, [(a: Value, b: Value) => Value, Draw]> = {
  add: [binary.add, normal],
  subtract: [binary.subtract, normal],
  multiply: [binary.multiply, normal],
  divide: [binary.divide, positive],
  // b is shifted by a quarter of the distance between values, so that none is equal to one of a.
  maximum: [binary.maximum, distinct],
  minimum: [binary.minimum, distinct],
};

const binaryShapes: [string, number[], number[]][] = [
  ['equal shapes', [2, 3, 5], [2, 3, 5]],
  ['b repeated', [2, 3, 5], [1, 1, 5]],
  ['a repeated', [2, 1, 1], [2, 3, 5]],
  ['both repeated', [2, 1, 3, 1], [1, 4, 1, 5]],
];

const binaryRows = Object.entries(binaryCases).flatMap(([name, [apply, draw]]) =>
  binaryShapes.map(([title, a, b]): GradientRow => {
    const shifted = draw('b', b);
    const values = draw === distinct ? shifted.values.map((v) => v + 2 ** -7) : shifted.values;
    return {
      title: `${name}, ${title}`,
      ops: [name],
      operands: { a: draw('a', a), b: { shape: b, values } },
      build: (v) => apply(v.a, v.b),
    };
  }),
);

/** Operations on elements. */
export const elementwiseRows: readonly GradientRow[] = [
  ...unaryRows,
  ...binaryRows,
  {
    title: 'an operand used twice',
    ops: ['multiply', 'add'],
    operands: { x: normal('x', [7]) },
    build: ({ x }) => binary.add(binary.multiply(x, x), x),
  },
  {
    title: 'affine',
    ops: ['affine'],
    operands: { x: normal('x', [3, 5]) },
    build: ({ x }) => affine(x, -1.75, 0.5),
  },
  {
    title: 'biasAdd',
    ops: ['biasAdd'],
    operands: { x: normal('x', [2, 3, 1, 5]), bias: normal('bias', [5]) },
    build: ({ x, bias }) => biasAdd(x, bias),
  },
  {
    title: 'dropout',
    ops: [],
    operands: { x: normal('x', [5, 9]) },
    build: ({ x }) => dropout(x, 0.4, 77),
  },
];
