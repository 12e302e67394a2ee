import type { LocalKernel } from '../reference-kernel.js';

/** moments = mean over the rows, then Σ_r (x − mean)²; both 0 without rows. */
export const batchNormMoments: LocalKernel<'batchNormMoments'> = ({
  reads: { x },
  writes: { moments },
  attributes: { rows, channels },
}) => {
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += x[r * channels + c];
    const mean = rows === 0 ? 0 : sum / rows;
    let deviations = 0;
    for (let r = 0; r < rows; r++) deviations += (x[r * channels + c] - mean) ** 2;
    moments[c] = mean;
    moments[channels + c] = deviations;
  }
};

/**
 * mean = Σ_p counts_p · mean_p / N; variance = Σ_p (M2_p + counts_p · (mean_p − mean)²) / N. The same
 * value as the pairwise merging of Chan et al. (1979).
 */
export const batchNormStatistics: LocalKernel<'batchNormStatistics'> = ({
  reads: { moments, movingMean, movingVariance, bias },
  writes: { mean, rstd, newMovingMean, newMovingVariance },
  attributes: { channels, counts, epsilon, momentum },
}) => {
  const total = Math.max(
    1,
    counts.reduce((a, b) => a + b, 0),
  );
  for (let c = 0; c < channels; c++) {
    let average = 0;
    counts.forEach((count, p) => {
      average += (count / total) * moments[2 * p * channels + c];
    });
    let deviations = 0;
    counts.forEach((count, p) => {
      const difference = moments[2 * p * channels + c] - average;
      deviations += moments[(2 * p + 1) * channels + c] + count * difference * difference;
    });
    const variance = deviations / total;
    const seen = average + (bias === undefined ? 0 : bias[c]);
    mean[c] = average;
    rstd[c] = 1 / Math.sqrt(variance + epsilon);
    newMovingMean[c] = movingMean[c] * momentum + seen * (1 - momentum);
    newMovingVariance[c] = movingVariance[c] * momentum + variance * (1 - momentum);
  }
};

/** mean = movingMean − bias, rstd = 1/√(movingVariance + epsilon). */
export const batchNormFrozenStatistics: LocalKernel<'batchNormFrozenStatistics'> = ({
  reads: { movingMean, movingVariance, bias },
  writes: { mean, rstd },
  attributes: { channels, epsilon },
}) => {
  for (let c = 0; c < channels; c++) {
    mean[c] = movingMean[c] - (bias === undefined ? 0 : bias[c]);
    rstd[c] = 1 / Math.sqrt(movingVariance[c] + epsilon);
  }
};

/** y = (x − mean) · rstd · gamma + beta (+ residual), then relu where asked. */
export const batchNormApply: LocalKernel<'batchNormApply'> = ({
  reads: { x, mean, rstd, gamma, beta, residual },
  writes: { y },
  attributes: { rows, channels, relu },
}) => {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++) {
      const i = r * channels + c;
      let value = (x[i] - mean[c]) * rstd[c];
      if (gamma !== undefined) value *= gamma[c];
      if (beta !== undefined) value += beta[c];
      if (residual !== undefined) value += residual[i];
      y[i] = relu ? Math.max(value, 0) : value;
    }
  }
};

/** sums = Σ_r g, then Σ_r g · x̂, with g = dy where y > 0 (relu) or dy, x̂ = (x − mean) · rstd. */
export const batchNormGradientSums: LocalKernel<'batchNormGradientSums'> = ({
  reads: { x, dy, mean, rstd, y },
  writes: { sums },
  attributes: { rows, channels, relu },
}) => {
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let weighted = 0;
    for (let r = 0; r < rows; r++) {
      const i = r * channels + c;
      const g = relu && y !== undefined && !(y[i] > 0) ? 0 : dy[i];
      sum += g;
      weighted += g * (x[i] - mean[c]) * rstd[c];
    }
    sums[c] = sum;
    sums[channels + c] = weighted;
  }
};

/** dx = gamma · rstd · (g − sums₀/totalRows − x̂ · sums₁/totalRows); without sums gamma · rstd · g. */
export const batchNormGradientApply: LocalKernel<'batchNormGradientApply'> = ({
  reads: { x, dy, mean, rstd, y, gamma, sums },
  writes: { dx, dresidual },
  attributes: { rows, channels, relu, totalRows },
}) => {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++) {
      const i = r * channels + c;
      const g = relu && y !== undefined && !(y[i] > 0) ? 0 : dy[i];
      let centred = g;
      if (sums !== undefined) {
        const normalized = (x[i] - mean[c]) * rstd[c];
        centred -= (sums[c] + normalized * sums[channels + c]) / totalRows;
      }
      if (dresidual !== undefined) dresidual[i] = g;
      dx[i] = (gamma === undefined ? 1 : gamma[c]) * rstd[c] * centred;
    }
  }
};

/** dbeta = scale · sums₀, dgamma = scale · sums₁. */
export const batchNormParameterGradients: LocalKernel<'batchNormParameterGradients'> = ({
  reads: { sums },
  writes: { dgamma, dbeta },
  attributes: { channels, scale },
}) => {
  for (let c = 0; c < channels; c++) {
    dbeta[c] = scale * sums[c];
    dgamma[c] = scale * sums[channels + c];
  }
};
