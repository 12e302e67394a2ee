import type { Binder } from '../binding.js';
import { optionalAddress } from './optional-address.js';

/** moments = mean and sum of squared deviations of this replica's rows. */
export const bindBatchNormMoments: Binder<'batchNormMoments'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const moments = context.address(writes.moments);
  const { rows, channels } = attributes;
  return () => kernels.batchNormMoments_f32(x, moments, rows, channels);
};

/** Merges the moments of all replicas and moves the moving statistics. */
export const bindBatchNormStatistics: Binder<'batchNormStatistics'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const moments = context.address(reads.moments);
  const movingMean = context.address(reads.movingMean);
  const movingVariance = context.address(reads.movingVariance);
  const bias = optionalAddress(context, reads.bias);
  const mean = context.address(writes.mean);
  const rstd = context.address(writes.rstd);
  const newMovingMean = context.address(writes.newMovingMean);
  const newMovingVariance = context.address(writes.newMovingVariance);
  const { channels, counts, epsilon, momentum } = attributes;
  const replicas = counts.length;
  return () => {
    for (let replica = 0; replica < replicas; replica++) {
      kernels.putNumber(replica, counts[replica]);
    }
    kernels.batchNormStatistics_f32(
      moments,
      movingMean,
      movingVariance,
      bias,
      mean,
      rstd,
      newMovingMean,
      newMovingVariance,
      channels,
      replicas,
      epsilon,
      momentum,
    );
  };
};

/** mean and rstd from the moving statistics. */
export const bindBatchNormFrozenStatistics: Binder<'batchNormFrozenStatistics'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const movingMean = context.address(reads.movingMean);
  const movingVariance = context.address(reads.movingVariance);
  const bias = optionalAddress(context, reads.bias);
  const mean = context.address(writes.mean);
  const rstd = context.address(writes.rstd);
  const { channels, epsilon } = attributes;
  return () =>
    kernels.batchNormFrozenStatistics_f32(
      movingMean,
      movingVariance,
      bias,
      mean,
      rstd,
      channels,
      epsilon,
    );
};

/** y = (x − mean) · rstd · gamma + beta (+ residual), then relu where asked. */
export const bindBatchNormApply: Binder<'batchNormApply'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const mean = context.address(reads.mean);
  const rstd = context.address(reads.rstd);
  const gamma = optionalAddress(context, reads.gamma);
  const beta = optionalAddress(context, reads.beta);
  const residual = optionalAddress(context, reads.residual);
  const y = context.address(writes.y);
  const { rows, channels } = attributes;
  const relu = Number(attributes.relu);
  return () =>
    kernels.batchNormApply_f32(x, mean, rstd, gamma, beta, residual, y, rows, channels, relu);
};

/** sums = Σ g, Σ g · x̂. */
export const bindBatchNormGradientSums: Binder<'batchNormGradientSums'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const dy = context.address(reads.dy);
  const mean = context.address(reads.mean);
  const rstd = context.address(reads.rstd);
  const y = attributes.relu ? optionalAddress(context, reads.y) : 0;
  const sums = context.address(writes.sums);
  const { rows, channels } = attributes;
  return () => kernels.batchNormGradientSums_f32(x, dy, y, mean, rstd, sums, rows, channels);
};

/** dx = gamma · rstd · (g − sums₀/totalRows − x̂ · sums₁/totalRows); dresidual = g. */
export const bindBatchNormGradientApply: Binder<'batchNormGradientApply'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const dy = context.address(reads.dy);
  const mean = context.address(reads.mean);
  const rstd = context.address(reads.rstd);
  const y = attributes.relu ? optionalAddress(context, reads.y) : 0;
  const gamma = optionalAddress(context, reads.gamma);
  const sums = optionalAddress(context, reads.sums);
  const dx = context.address(writes.dx);
  const dresidual = optionalAddress(context, writes.dresidual);
  const { rows, channels, totalRows } = attributes;
  return () =>
    kernels.batchNormGradientApply_f32(
      x,
      dy,
      y,
      mean,
      rstd,
      gamma,
      sums,
      dx,
      dresidual,
      rows,
      channels,
      totalRows,
    );
};

/** dbeta = scale · sums₀, dgamma = scale · sums₁. */
export const bindBatchNormParameterGradients: Binder<'batchNormParameterGradients'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const sums = context.address(reads.sums);
  const dgamma = context.address(writes.dgamma);
  const dbeta = context.address(writes.dbeta);
  const { channels, scale } = attributes;
  return () => kernels.batchNormParameterGradients_f32(sums, dgamma, dbeta, channels, scale);
};
