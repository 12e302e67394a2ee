import type { KernelName } from '../../plan/kernels.js';
import {
  batchNormApply,
  batchNormFrozenStatistics,
  batchNormGradientApply,
  batchNormGradientSums,
  batchNormMoments,
  batchNormParameterGradients,
  batchNormStatistics,
} from './kernels/batch-normalization.js';
import { allGather, allGatherShards, allReduceSum, reduceScatter } from './kernels/collectives.js';
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from './kernels/convolution.js';
import { concat, stridedCopy } from './kernels/copying.js';
import { dropout } from './kernels/dropout.js';
import {
  affine,
  biasAdd,
  binary,
  binaryBroadcast,
  fill,
  unary,
  unaryGradient,
} from './kernels/elementwise.js';
import * as gradients from './kernels/gradients.js';
import { matmul } from './kernels/matmul.js';
import { adam, lamb, lambMoments, lion, rmsprop, sgd } from './kernels/optimizers.js';
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from './kernels/pooling.js';
import {
  columnSums,
  reduceSum,
  regularization,
  regularizationGradient,
  spreadScalar,
  totalSum,
} from './kernels/reductions.js';
import {
  crossentropy,
  crossentropyGradient,
  softmax,
  softmaxCrossentropy,
  softmaxCrossentropyGradient,
  softmaxGradient,
} from './kernels/softmax.js';
import { topKHits } from './kernels/top-k-hits.js';
import type { ReferenceKernel } from './reference-kernel.js';

/** Every kernel as an obvious loop with float64 accumulation: what they compute defines what is right. */
export const referenceKernels: { readonly [K in KernelName]: ReferenceKernel<K> } = {
  matmul,
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
  binary,
  binaryBroadcast,
  unary,
  unaryGradient,
  affine,
  biasAdd,
  columnSums,
  fill,
  stridedCopy,
  concat,
  reduceSum,
  dropout,
  maxPool,
  maxPoolGradient,
  averagePool,
  averagePoolGradient,
  softmax,
  softmaxGradient,
  softmaxCrossentropy,
  softmaxCrossentropyGradient,
  crossentropy,
  crossentropyGradient,
  totalSum,
  spreadScalar,
  topKHits,
  regularization,
  regularizationGradient,
  batchNormMoments,
  batchNormStatistics,
  batchNormFrozenStatistics,
  batchNormApply,
  batchNormGradientSums,
  batchNormGradientApply,
  batchNormParameterGradients,
  allReduceSum,
  allGather,
  reduceScatter,
  allGatherShards,
  adam,
  sgd,
  rmsprop,
  lion,
  lambMoments,
  lamb,
  ...gradients,
};
