import type { KernelName } from '../../src/plan/kernels.js';
import * as normalization from './cases/batch-normalization-cases.js';
import * as classification from './cases/classification-cases.js';
import * as collective from './cases/collective-cases.js';
import * as elementwise from './cases/elementwise-cases.js';
import * as linear from './cases/linear-cases.js';
import * as optimizer from './cases/optimizer-cases.js';
import * as pooling from './cases/pooling-cases.js';
import * as shaping from './cases/shaping-cases.js';
import type { KernelCase } from './kernel-case.js';

/** Cases of one kernel; the compiler demands a list for each, the runner that it is not empty. */
type Cases<K extends KernelName> = readonly KernelCase<K>[];

/** The conformance suite: every kernel that an executor must have, with data for it. */
export const kernelCases: { readonly [K in KernelName]: Cases<K> } = {
  matmul: linear.matmulCases,
  conv2d: linear.conv2dCases,
  conv2dInputGradient: linear.conv2dInputGradientCases,
  conv2dFilterGradient: linear.conv2dFilterGradientCases,
  binary: elementwise.binaryCases,
  binaryBroadcast: elementwise.binaryBroadcastCases,
  unary: elementwise.unaryCases,
  unaryGradient: elementwise.unaryGradientCases,
  affine: elementwise.affineCases,
  biasAdd: elementwise.biasAddCases,
  columnSums: elementwise.columnSumsCases,
  fill: elementwise.fillCases,
  stridedCopy: shaping.stridedCopyCases,
  concat: shaping.concatCases,
  reduceSum: shaping.reduceSumCases,
  dropout: shaping.dropoutCases,
  maxPool: pooling.maxPoolCases,
  maxPoolGradient: pooling.maxPoolGradientCases,
  averagePool: pooling.averagePoolCases,
  averagePoolGradient: pooling.averagePoolGradientCases,
  softmax: classification.softmaxCases,
  softmaxGradient: classification.softmaxGradientCases,
  softmaxCrossentropy: classification.softmaxCrossentropyCases,
  softmaxCrossentropyGradient: classification.softmaxCrossentropyGradientCases,
  crossentropy: classification.crossentropyCases,
  crossentropyGradient: classification.crossentropyGradientCases,
  totalSum: shaping.totalSumCases,
  spreadScalar: shaping.spreadScalarCases,
  topKHits: classification.topKHitsCases,
  regularization: shaping.regularizationCases,
  regularizationGradient: shaping.regularizationGradientCases,
  batchNormMoments: normalization.batchNormMomentsCases,
  batchNormStatistics: normalization.batchNormStatisticsCases,
  batchNormFrozenStatistics: normalization.batchNormFrozenStatisticsCases,
  batchNormApply: normalization.batchNormApplyCases,
  batchNormGradientSums: normalization.batchNormGradientSumsCases,
  batchNormGradientApply: normalization.batchNormGradientApplyCases,
  batchNormParameterGradients: normalization.batchNormParameterGradientsCases,
  allReduceSum: collective.allReduceSumCases,
  allGather: collective.allGatherCases,
  reduceScatter: collective.reduceScatterCases,
  allGatherShards: collective.allGatherShardsCases,
  adam: optimizer.adamCases,
  sgd: optimizer.sgdCases,
  rmsprop: optimizer.rmspropCases,
  lion: optimizer.lionCases,
  lambMoments: optimizer.lambMomentsCases,
  lamb: optimizer.lambCases,
  squaredSums: optimizer.squaredSumsCases,
  clipByNorm: optimizer.clipByNormCases,
  clipByGlobalNorm: optimizer.clipByGlobalNormCases,
  clipByValue: optimizer.clipByValueCases,
  accumulateGradients: optimizer.accumulateGradientsCases,
  movingAverage: optimizer.movingAverageCases,
};
