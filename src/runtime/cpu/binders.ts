import type { KernelCall, KernelName } from '../../plan/kernels.js';
import {
  bindBatchNormApply,
  bindBatchNormFrozenStatistics,
  bindBatchNormGradientApply,
  bindBatchNormGradientSums,
  bindBatchNormMoments,
  bindBatchNormParameterGradients,
  bindBatchNormStatistics,
} from './bind/batch-normalization.js';
import {
  bindCrossentropy,
  bindCrossentropyGradient,
  bindSoftmax,
  bindSoftmaxCrossentropy,
  bindSoftmaxCrossentropyGradient,
  bindSoftmaxGradient,
  bindTopKHits,
} from './bind/classification.js';
import {
  bindAllGather,
  bindAllGatherShards,
  bindAllReduceSum,
  bindReduceScatter,
} from './bind/collectives.js';
import { bindConv2d, bindConv2dFilterGradient, bindConv2dInputGradient } from './bind/conv2d.js';
import { bindConcat, bindStridedCopy } from './bind/copying.js';
import { bindDropout } from './bind/dropout.js';
import {
  bindAffine,
  bindBiasAdd,
  bindBinary,
  bindBinaryBroadcast,
  bindFill,
  bindSpreadScalar,
  bindUnary,
  bindUnaryGradient,
} from './bind/elementwise.js';
import {
  bindAccumulateGradients,
  bindClipByGlobalNorm,
  bindClipByNorm,
  bindClipByValue,
  bindMovingAverage,
  bindSquaredSums,
} from './bind/gradients.js';
import { bindMatmul } from './bind/matmul.js';
import {
  bindAdam,
  bindLamb,
  bindLambMoments,
  bindLion,
  bindRmsprop,
  bindSgd,
} from './bind/optimizers.js';
import {
  bindAveragePool,
  bindAveragePoolGradient,
  bindMaxPool,
  bindMaxPoolGradient,
} from './bind/pooling.js';
import {
  bindColumnSums,
  bindReduceSum,
  bindRegularization,
  bindRegularizationGradient,
  bindTotalSum,
} from './bind/reductions.js';
import type { BindContext, Binder } from './binding.js';
import type { BoundCall } from './bound-call.js';

/** The binder of every kernel. */
const binders: { readonly [K in KernelName]: Binder<K> } = {
  matmul: bindMatmul,
  conv2d: bindConv2d,
  conv2dInputGradient: bindConv2dInputGradient,
  conv2dFilterGradient: bindConv2dFilterGradient,
  binary: bindBinary,
  binaryBroadcast: bindBinaryBroadcast,
  unary: bindUnary,
  unaryGradient: bindUnaryGradient,
  affine: bindAffine,
  biasAdd: bindBiasAdd,
  columnSums: bindColumnSums,
  fill: bindFill,
  stridedCopy: bindStridedCopy,
  concat: bindConcat,
  reduceSum: bindReduceSum,
  dropout: bindDropout,
  maxPool: bindMaxPool,
  maxPoolGradient: bindMaxPoolGradient,
  averagePool: bindAveragePool,
  averagePoolGradient: bindAveragePoolGradient,
  softmax: bindSoftmax,
  softmaxGradient: bindSoftmaxGradient,
  softmaxCrossentropy: bindSoftmaxCrossentropy,
  softmaxCrossentropyGradient: bindSoftmaxCrossentropyGradient,
  crossentropy: bindCrossentropy,
  crossentropyGradient: bindCrossentropyGradient,
  totalSum: bindTotalSum,
  spreadScalar: bindSpreadScalar,
  topKHits: bindTopKHits,
  regularization: bindRegularization,
  regularizationGradient: bindRegularizationGradient,
  batchNormMoments: bindBatchNormMoments,
  batchNormStatistics: bindBatchNormStatistics,
  batchNormFrozenStatistics: bindBatchNormFrozenStatistics,
  batchNormApply: bindBatchNormApply,
  batchNormGradientSums: bindBatchNormGradientSums,
  batchNormGradientApply: bindBatchNormGradientApply,
  batchNormParameterGradients: bindBatchNormParameterGradients,
  allReduceSum: bindAllReduceSum,
  allGather: bindAllGather,
  reduceScatter: bindReduceScatter,
  allGatherShards: bindAllGatherShards,
  adam: bindAdam,
  sgd: bindSgd,
  rmsprop: bindRmsprop,
  lion: bindLion,
  lambMoments: bindLambMoments,
  lamb: bindLamb,
  squaredSums: bindSquaredSums,
  clipByNorm: bindClipByNorm,
  clipByGlobalNorm: bindClipByGlobalNorm,
  clipByValue: bindClipByValue,
  accumulateGradients: bindAccumulateGradients,
  movingAverage: bindMovingAverage,
};

/** Makes a call of a plan ready to run over a replica's memory. */
export function bindCall(call: KernelCall, context: BindContext): BoundCall {
  const run = bindEvery(call, context);
  const { gates } = call;
  if (gates === undefined) return run;
  const { draws } = context;
  return () => (draws.allow(gates) ? run() : undefined);
}

function bindEvery(call: KernelCall, context: BindContext): BoundCall {
  const bind = binders[call.kernel] as (call: KernelCall, context: BindContext) => BoundCall;
  const { every = 1 } = call;
  if (every === 1) return bind(call, context);
  const { parameters } = context;
  const own = { ...parameters };
  const run = bind(call, { ...context, parameters: own });
  return () => {
    if (parameters.step % every !== 0) return;
    Object.assign(own, parameters, { step: parameters.step / every });
    return run();
  };
}
