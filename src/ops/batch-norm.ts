import { ShapeError } from '../core/errors.js';
import { formatShape, sizeOf } from '../core/shape.js';
import type { LoweringScope, OpDefinition, OptionalOperands, Value } from './ir.js';
import { rowsAndChannels } from './ir.js';

/** Options of a batch normalisation. */
export interface BatchNormAttributes {
  epsilon: number;
  momentum: number;
  /** Whether the statistics are those of the batch (training) or the moving ones (inference). */
  batchStatistics: boolean;
  /** Whether relu is applied to the result. */
  relu: boolean;
}

/** Rows of every replica, from the local shape and the shares of the batch. */
function rowCounts(x: Value, share: LoweringScope<unknown>['share']): number[] {
  const perSample = sizeOf(x.shape.slice(1, -1));
  return share.shares.map((samples) => samples * perSample);
}

/**
 * y = relu?((x + bias − mean) / √(variance + ε) · gamma + beta + residual) over the last axis, with the
 * statistics of the whole batch across replicas. `bias` and `residual` exist so that neighbouring
 * additions can be fused in: a bias in front of batch statistics cancels out of y, and its gradient is
 * exactly zero. Source: Ioffe and Szegedy, "Batch Normalization" (2015); gradient by the chain rule.
 */
export const batchNormOp: OpDefinition<BatchNormAttributes> = {
  name: 'batchNorm',
  infer({ x, movingMean, residual }, { batchStatistics }) {
    const channels = x[x.length - 1];
    if (x.length < 2 || movingMean[0] !== channels) {
      throw new ShapeError(
        `batch normalisation over ${movingMean[0]} channels got an input of shape ${formatShape(x)}`,
      );
    }
    if (residual !== undefined && sizeOf(residual) !== sizeOf(x)) {
      throw new ShapeError(`cannot add ${formatShape(residual)} to ${formatShape(x)}`);
    }
    const statistics = { mean: [channels], rstd: [channels] };
    if (!batchStatistics) return { y: x, ...statistics };
    return { y: x, ...statistics, newMovingMean: [channels], newMovingVariance: [channels] };
  },
  gradient({ graph, inputs, outputs, douts, attributes, needs }) {
    const { x, gamma } = inputs;
    const operands = {
      x,
      gamma,
      y: attributes.relu ? outputs.y : undefined,
      dy: douts.y,
      mean: outputs.mean,
      rstd: outputs.rstd,
    };
    const wanted = {
      ...attributes,
      parameters: needs('gamma') || needs('beta'),
      residual: needs('residual'),
    };
    const gradients = graph.add(batchNormGradientOp, operands, wanted);
    const exact: OptionalOperands = {
      x: gradients.dx,
      gamma: gradients.dgamma,
      beta: gradients.dbeta,
      residual: gradients.dresidual,
    };
    if (!needs('bias') || attributes.batchStatistics) return exact;
    throw new ShapeError('a bias is fused into batch normalisation only with batch statistics');
  },
  lower(scope) {
    const { inputs, outputs, attributes, share } = scope;
    const { x, movingMean, movingVariance, bias, gamma, beta, residual } = inputs;
    const { y, mean, rstd, newMovingMean, newMovingVariance } = outputs;
    const { epsilon, momentum, batchStatistics, relu } = attributes;
    const size = rowsAndChannels(x.shape);
    if (batchStatistics) {
      const moments = scope.temporary('moments', [2, size.channels]);
      const counts = rowCounts(x, share);
      const all = scope.temporary('allMoments', [counts.length, 2, size.channels]);
      scope.call('batchNormMoments', { x }, { moments }, size);
      scope.call('allGather', { x: moments }, { y: all }, { size: 2 * size.channels });
      scope.call(
        'batchNormStatistics',
        { moments: all, movingMean, movingVariance, bias },
        { mean, rstd, newMovingMean, newMovingVariance },
        { channels: size.channels, counts, epsilon, momentum },
      );
    } else {
      scope.call(
        'batchNormFrozenStatistics',
        { movingMean, movingVariance, bias },
        { mean, rstd },
        { channels: size.channels, epsilon },
      );
    }
    scope.call(
      'batchNormApply',
      { x, mean, rstd, gamma, beta, residual },
      { y },
      { ...size, relu },
    );
  },
};

interface BatchNormGradientAttributes extends BatchNormAttributes {
  parameters: boolean;
  residual: boolean;
}

const batchNormGradientOp: OpDefinition<BatchNormGradientAttributes> = {
  name: 'batchNormGradient',
  infer({ x }, { parameters, residual }) {
    const channels = x[x.length - 1];
    return {
      dx: x,
      ...(residual ? { dresidual: x } : {}),
      ...(parameters ? { dgamma: [channels], dbeta: [channels] } : {}),
    };
  },
  lower(scope) {
    const { inputs, outputs, attributes, share } = scope;
    const { x, y, dy, mean, rstd, gamma } = inputs;
    const { dx, dresidual, dgamma, dbeta } = outputs;
    const { batchStatistics, relu, parameters } = attributes;
    const size = rowsAndChannels(x.shape);
    let sums: Value | undefined;
    if (batchStatistics || parameters) {
      const partial = scope.temporary('sums', [2, size.channels]);
      sums = scope.temporary('allSums', [2, size.channels]);
      scope.call(
        'batchNormGradientSums',
        { x, y, dy, mean, rstd },
        { sums: partial },
        { ...size, relu },
      );
      scope.call('allReduceSum', { x: partial }, { y: sums }, { size: 2 * size.channels });
    }
    if (parameters && sums !== undefined) {
      // The sums are already global; one replica contributes them so that the exchange counts them once.
      const scale = share.replica === 0 ? 1 : 0;
      const attributes = { channels: size.channels, scale };
      scope.call('batchNormParameterGradients', { sums }, { dgamma, dbeta }, attributes);
    }
    const totalRows = rowCounts(x, share).reduce((sum, count) => sum + count, 0);
    scope.call(
      'batchNormGradientApply',
      { x, y, dy, mean, rstd, gamma, sums: batchStatistics ? sums : undefined },
      { dx, dresidual },
      { ...size, relu, totalRows },
    );
  },
};

/** Operands of a batch normalisation; gamma, beta, movingMean and movingVariance are `[C]`. */
export interface BatchNormOperands {
  x: Value;
  movingMean: Value;
  movingVariance: Value;
  gamma?: Value;
  beta?: Value;
}

/** Normalises x `[..., C]`; with batch statistics it also gives the moved statistics. */
export function batchNorm(
  operands: BatchNormOperands,
  attributes: Omit<BatchNormAttributes, 'relu'>,
): { y: Value; newMovingMean?: Value; newMovingVariance?: Value } {
  const all = { ...attributes, relu: false };
  const outputs = operands.x.graph.add(batchNormOp, { ...operands }, all);
  return {
    y: outputs.y,
    newMovingMean: outputs.newMovingMean as Value | undefined,
    newMovingVariance: outputs.newMovingVariance as Value | undefined,
  };
}
