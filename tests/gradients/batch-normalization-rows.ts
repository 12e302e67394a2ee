import { batchNorm } from '../../src/ops/batch-norm.js';
import { biasAdd } from '../../src/ops/bias-add.js';
import { add } from '../../src/ops/binary.js';
import type { Value } from '../../src/ops/ir.js';
import { relu } from '../../src/ops/unary.js';
import type { KernelName } from '../../src/plan/kernels.js';
import { type GradientRow, normal, type Operand, positive } from './gradient-row.js';

const BATCH = 3;
const shape = [BATCH, 2, 3, 4];
const channels = [4];

interface NormalizationCase {
  gamma?: boolean;
  beta?: boolean;
  bias?: boolean;
  residual?: 'left' | 'right';
  relu?: boolean;
}

const cases: Record<string, NormalizationCase> = {
  plain: {},
  gamma: { gamma: true },
  beta: { beta: true },
  'gamma and beta': { gamma: true, beta: true },
  relu: { gamma: true, beta: true, relu: true },
  'relu without gamma and beta': { relu: true },
  residual: { gamma: true, beta: true, residual: 'right' },
  'residual on the left, relu': { gamma: true, beta: true, residual: 'left', relu: true },
  'residual without gamma and beta, relu': { residual: 'right', relu: true },
  bias: { gamma: true, beta: true, bias: true },
  'bias, residual, relu': { gamma: true, beta: true, bias: true, residual: 'right', relu: true },
};

const batchKernels: KernelName[] = [
  'batchNormMoments',
  'allGather',
  'batchNormStatistics',
  'batchNormApply',
];
const frozenKernels: KernelName[] = ['batchNormFrozenStatistics', 'batchNormApply'];

function rowOf(title: string, options: NormalizationCase, batchStatistics: boolean): GradientRow {
  const operands: Record<string, Operand> = { x: normal(`image of ${title}`, shape) };
  if (options.gamma) operands.gamma = positive('gamma', channels);
  if (options.beta) operands.beta = normal('beta', channels);
  if (options.bias) operands.bias = normal('bias', channels);
  if (options.residual) operands.residual = normal('residual', shape);
  const kernels = batchStatistics ? batchKernels : frozenKernels;
  const normalize = (v: Readonly<Record<string, Value>>): Value => {
    const { x, gamma, beta, bias, residual, movingMean, movingVariance } = v;
    const attributes = { epsilon: 1e-3, momentum: 0.9, batchStatistics };
    const input = bias === undefined ? x : biasAdd(x, bias);
    const all = { x: input, gamma, beta, movingMean, movingVariance };
    const { y } = batchNorm(all, attributes);
    if (residual === undefined) return y;
    return options.residual === 'left' ? add(residual, y) : add(y, residual);
  };
  return {
    title: `batchNorm, ${title}, ${batchStatistics ? 'batch' : 'frozen'} statistics`,
    ops: [],
    batch: BATCH,
    operands,
    constants: {
      movingMean: normal('moving mean', channels),
      movingVariance: positive('moving variance', channels),
    },
    // With frozen statistics a bias has a gradient, so it stays apart.
    forward: options.bias && !batchStatistics ? ['biasAdd', ...kernels] : kernels,
    zero: options.bias && batchStatistics ? ['bias'] : [],
    build: (v) => (options.relu ? relu(normalize(v)) : normalize(v)),
  };
}

/** A layer that is called twice: the second call reads statistics that the first has moved. */
const sharedRow: GradientRow = {
  title: 'batchNorm twice with the same weights, added, relu',
  ops: [],
  batch: BATCH,
  operands: {
    a: normal('a', shape),
    b: normal('b', shape),
    gamma: positive('gamma', channels),
    beta: normal('beta', channels),
  },
  constants: {
    movingMean: normal('moving mean', channels),
    movingVariance: positive('moving variance', channels),
  },
  forward: [...batchKernels, ...batchKernels],
  build({ a, b, gamma, beta, movingMean, movingVariance }) {
    const attributes = { epsilon: 1e-3, momentum: 0.9, batchStatistics: true };
    const first = batchNorm({ x: a, gamma, beta, movingMean, movingVariance }, attributes);
    const moved = {
      movingMean: first.newMovingMean ?? movingMean,
      movingVariance: first.newMovingVariance ?? movingVariance,
    };
    const second = batchNorm({ x: b, gamma, beta, ...moved }, attributes);
    return relu(add(first.y, second.y));
  },
};

/** Batch normalisation, alone and with what the compiler fuses into it. */
export const batchNormalizationRows: readonly GradientRow[] = [
  ...Object.entries(cases).flatMap(([title, options]) =>
    [true, false].map((batch) => rowOf(title, options, batch)),
  ),
  sharedRow,
];
