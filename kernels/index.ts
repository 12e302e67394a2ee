export { adam_f32 } from './adam';
export { affine_f32 } from './affine';
export { averagePool_f32 } from './average-pool';
export { averagePoolGradient_f32 } from './average-pool-gradient';
export { batchNormApply_f32 } from './batch-norm-apply';
export { batchNormGradientApply_f32 } from './batch-norm-gradient-apply';
export { batchNormGradientSums_f32 } from './batch-norm-gradient-sums';
export { batchNormMoments_f32 } from './batch-norm-moments';
export { batchNormParameterGradients_f32 } from './batch-norm-parameter-gradients';
export { batchNormFrozenStatistics_f32, batchNormStatistics_f32 } from './batch-norm-statistics';
export { biasAdd_f32 } from './bias-add';
export { binary_f32 } from './binary';
export { binaryBroadcast_f32 } from './binary-broadcast';
export { col2im_f32 } from './col2im';
export { columnSums_f32 } from './column-sums';
export {
  convDirect_f32,
  convDirectFilterGradient_f32,
  frameImage_f32,
  packFilters_f32,
} from './conv-direct';
export { copyColumns_f32 } from './copy-columns';
export { crossentropy_f32, crossentropyGradient_f32 } from './crossentropy';
export { dropout_f32 } from './dropout';
export { fill_f32, spreadScalar_f32 } from './fill';
export { flipKernel_f32 } from './flip-kernel';
export { gemm_f32, gemmScratchBytes } from './gemm';
export { clip_f32, squaredSum_f32 } from './gradient-clipping';
export { im2col_f32 } from './im2col';
export { lamb_f32, lambMoments_f32 } from './lamb';
export { lion_f32 } from './lion';
export { maxPool_f32 } from './max-pool';
export { maxPoolGradient_f32 } from './max-pool-gradient';
export { reduceSum_f32 } from './reduce-sum';
export { regularization_f32, regularizationGradient_f32 } from './regularization';
export { rmsprop_f32 } from './rmsprop';
export { putNumber } from './scratch';
export { sgd_f32, sgdMomentum_f32 } from './sgd';
export { softmax_f32, softmaxGradient_f32 } from './softmax';
export { softmaxCrossentropy_f32, softmaxCrossentropyGradient_f32 } from './softmax-crossentropy';
export { clear_f32, stridedCopy_f32 } from './strided-copy';
export { swapRows_f32 } from './swap-rows';
export { topKHits_f32 } from './top-k-hits';
export { totalSum_f32 } from './total-sum';
export { transformTile_f32 } from './transform-tile';
export { unary_f32 } from './unary';
export { unaryGradient_f32 } from './unary-gradient';
export { uniform_f32 } from './uniform';
export { watchAfter_f32, watchBefore_f32 } from './watch';
export { movingAverage_f32, takeMean_f32 } from './weight-averaging';
