import { batch, type CaseOperand, type KernelCase, same } from '../kernel-case.js';
import { normals, positives } from '../test-data.js';

const matrices = [
  [0, 3],
  [1, 1],
  [1, 64],
  [6, 5],
  [35, 7],
  [9, 64],
  [500, 3],
];

function vector(key: string, channels: number): CaseOperand {
  return same(normals(key, channels));
}

/** Mean and sum of squared deviations, also far from 0, where a naive sum of squares cancels. */
export const batchNormMomentsCases: KernelCase<'batchNormMoments'>[] = [
  ...matrices.map(
    ([rows, channels]): KernelCase<'batchNormMoments'> => ({
      title: `${rows}×${channels}`,
      attributes: () => ({ rows, channels }),
      reads: { x: batch(normals('moments', rows * channels)) },
    }),
  ),
  {
    title: 'far from zero',
    attributes: () => ({ rows: 100, channels: 5 }),
    reads: { x: batch(normals('moments', 500).map((value) => 30 + value)) },
  },
  {
    title: 'shares 1 and 0',
    shares: [1, 0],
    attributes: (replica) => ({ rows: [4, 0][replica], channels: 3 }),
    reads: { x: batch(normals('moments', 12)) },
  },
];

const statistics = [
  { channels: 1, counts: [10] },
  { channels: 5, counts: [4, 3] },
  { channels: 64, counts: [100, 50, 50] },
  { channels: 7, counts: [6, 0] },
  { channels: 3, counts: [1] },
];

/** Merges what several replicas have seen. */
export const batchNormStatisticsCases = statistics.flatMap(({ channels, counts }) =>
  [false, true].map((biased): KernelCase<'batchNormStatistics'> => {
    const moments = normals(`statistics ${channels}`, counts.length * 2 * channels);
    counts.forEach((count, p) => {
      for (let c = 0; c < channels; c++) {
        const deviations = (2 * p + 1) * channels + c;
        moments[deviations] = Math.abs(moments[deviations]) * count;
        if (count === 0) moments[deviations - channels] = 0;
      }
    });
    return {
      title: `${channels} channels, rows ${counts.join(' + ')}${biased ? ', with a bias' : ''}`,
      attributes: () => ({ channels, counts, epsilon: 1e-3, momentum: 0.9 }),
      reads: {
        moments: same(moments),
        movingMean: vector('moving mean', channels),
        movingVariance: same(positives('moving variance', channels)),
        ...(biased && { bias: vector('bias', channels) }),
      },
      ...(biased && {
        inPlace: { newMovingMean: 'movingMean', newMovingVariance: 'movingVariance' },
      }),
    };
  }),
);

/** The statistics of inference. */
export const batchNormFrozenStatisticsCases = [1, 5, 64].flatMap((channels) =>
  [false, true].map(
    (biased): KernelCase<'batchNormFrozenStatistics'> => ({
      title: `${channels} channels${biased ? ', with a bias' : ''}`,
      attributes: () => ({ channels, epsilon: 1e-5 }),
      reads: {
        movingMean: vector('moving mean', channels),
        movingVariance: same(positives('moving variance', channels)),
        ...(biased && { bias: vector('bias', channels) }),
      },
    }),
  ),
);

const flags = [false, true];

/** All combinations of scale and shift, residual and relu. */
export const batchNormApplyCases = matrices.flatMap(([rows, channels]) =>
  flags.flatMap((scaled) =>
    flags.flatMap((added) =>
      flags.flatMap((relu): KernelCase<'batchNormApply'>[] => {
        const traits = [scaled && 'gamma, beta', added && 'residual', relu && 'relu'];
        const title = [`${rows}×${channels}`, ...traits.filter(Boolean)].join(', ');
        const row: KernelCase<'batchNormApply'> = {
          title,
          attributes: () => ({ rows, channels, relu }),
          reads: {
            x: batch(normals('apply x', rows * channels)),
            mean: vector('mean', channels),
            rstd: same(positives('rstd', channels)),
            ...(scaled && { gamma: vector('gamma', channels), beta: vector('beta', channels) }),
            ...(added && { residual: batch(normals('residual', rows * channels)) }),
          },
        };
        return [
          row,
          { ...row, title: `${title}, into x`, inPlace: { y: 'x' } },
          ...(added
            ? [{ ...row, title: `${title}, into residual`, inPlace: { y: 'residual' as const } }]
            : []),
        ];
      }),
    ),
  ),
);

function gradientReads(rows: number, channels: number, relu: boolean) {
  const size = rows * channels;
  return {
    x: batch(normals('gradient x', size)),
    dy: batch(normals('gradient dy', size)),
    mean: vector('mean', channels),
    rstd: same(positives('rstd', channels)),
    ...(relu && { y: batch(normals('gradient y', size).map((value) => Math.max(value, 0))) }),
  };
}

/** Σ g and Σ g · x̂. */
export const batchNormGradientSumsCases = matrices.flatMap(([rows, channels]) =>
  flags.map(
    (relu): KernelCase<'batchNormGradientSums'> => ({
      title: `${rows}×${channels}${relu ? ', relu' : ''}`,
      attributes: () => ({ rows, channels, relu }),
      reads: gradientReads(rows, channels, relu),
    }),
  ),
);

/** dx and dresidual, in trained and frozen form, apart and in place. */
export const batchNormGradientApplyCases = matrices.flatMap(([rows, channels]) =>
  flags.flatMap((relu) =>
    flags.flatMap((trained): KernelCase<'batchNormGradientApply'>[] => {
      const title = `${rows}×${channels}${relu ? ', relu' : ''}${trained ? '' : ', frozen'}`;
      const row: KernelCase<'batchNormGradientApply'> = {
        title,
        attributes: () => ({ rows, channels, relu, totalRows: 2 * rows + 1 }),
        reads: {
          ...gradientReads(rows, channels, relu),
          ...(trained && { gamma: vector('gamma', channels), sums: vector('sums', 2 * channels) }),
        },
      };
      const optionalWrites = ['dresidual' as const];
      return [
        row,
        { ...row, title: `${title}, with dresidual`, optionalWrites },
        { ...row, title: `${title}, into dy`, inPlace: { dx: 'dy' } },
        {
          ...row,
          title: `${title}, into x, dresidual into dy`,
          optionalWrites,
          inPlace: { dx: 'x', dresidual: 'dy' },
        },
      ];
    }),
  ),
);

/** dgamma and dbeta out of the sums. */
export const batchNormParameterGradientsCases = [1, 5, 64].map(
  (channels): KernelCase<'batchNormParameterGradients'> => ({
    title: `${channels} channels`,
    attributes: () => ({ channels, scale: 0.5 }),
    reads: { sums: vector('sums', 2 * channels) },
  }),
);
