import type { Shape } from '../core/shape.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { activation } from '../layers/activation.js';
import { averagePooling2d } from '../layers/average-pooling2d.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { conv2d } from '../layers/conv2d.js';
import { dense } from '../layers/dense.js';
import { flatten } from '../layers/flatten.js';
import { glorotUniform, type InitializerLike } from '../layers/initializers.js';
import { input } from '../layers/input-layer.js';
import { maxPooling2d } from '../layers/max-pooling2d.js';
import { zeroPadding2d } from '../layers/zero-padding2d.js';
import { Model } from '../models/model.js';
import { convolutionalBlock, identityBlock } from './residual-blocks.js';

/** Options of `resnet50`. */
export interface Resnet50Options {
  /** Shape of one image, [height, width, channels]. */
  inputShape: Shape;
  /** Number of classes. */
  classes: number;
  /** Step of the first block of stage 3, in pixels: 1 as in the article (default), or 2 as in the paper. */
  stage3Strides?: number;
  /**
   * Glorot-uniform kernels with numbers of their own for each layer (default), or the same numbers for
   * all kernels of one shape, as the article's `glorot_uniform(0)` makes them.
   */
  glorot?: 'perLayer' | 'article';
  /** First values of every kernel, instead of `glorot`. */
  initializer?: InitializerLike;
}

/** A stage: a convolutional block, then identity blocks. */
interface Stage {
  stage: number;
  /** One letter for each block. */
  blocks: string;
  filters: readonly [number, number, number];
  strides: number;
}

const stages: readonly Stage[] = [
  { stage: 2, blocks: 'abc', filters: [64, 64, 256], strides: 1 },
  { stage: 3, blocks: 'abcd', filters: [128, 128, 512], strides: 1 },
  { stage: 4, blocks: 'abcdef', filters: [256, 256, 1024], strides: 2 },
  { stage: 5, blocks: 'abc', filters: [512, 512, 2048], strides: 2 },
];

function connectStage(
  x: SymbolicTensor,
  stage: Stage,
  initializer: InitializerLike,
): SymbolicTensor {
  const { blocks, filters, strides } = stage;
  const [first, ...others] = blocks;
  const common = { f: 3, filters, stage: stage.stage, initializer };
  const start = convolutionalBlock(x, { ...common, block: first, strides });
  return others.reduce((y, block) => identityBlock(y, { ...common, block }), start);
}

/** Input and output tensor of `resnet50`, for building on: `[N, ...inputShape]` → `[N, classes]`. */
export function resnet50Tensors(options: Resnet50Options): {
  inputs: SymbolicTensor;
  outputs: SymbolicTensor;
} {
  const { inputShape, classes, stage3Strides = 1, glorot = 'perLayer' } = options;
  const initializer = options.initializer ?? glorotUniform(glorot === 'article' ? { seed: 0 } : {});
  const inputs = input({ shape: inputShape });
  let x = zeroPadding2d({ padding: 3 })(inputs);
  x = conv2d({
    filters: 64,
    kernelSize: 7,
    strides: 2,
    name: 'conv',
    kernelInitializer: initializer,
  })(x);
  x = batchNormalization({ name: 'bn' })(x);
  x = activation('relu')(x);
  x = maxPooling2d({ poolSize: 3, strides: 2 })(x);
  for (const stage of stages) {
    const strides = stage.stage === 3 ? stage3Strides : stage.strides;
    x = connectStage(x, { ...stage, strides }, initializer);
  }
  x = averagePooling2d({ poolSize: 2, padding: 'same' })(x);
  x = flatten()(x);
  const outputs = dense({
    units: classes,
    activation: 'softmax',
    name: `fc${classes}`,
    kernelInitializer: initializer,
  })(x);
  return { inputs, outputs };
}

/**
 * The article's ResNet-50: 49 convolutions in four stages of bottleneck blocks, and a dense softmax.
 * Source: He et al., "Deep residual learning for image recognition" (2015), with the article's changes:
 * stage 3 does not stride, and the last pooling is 2×2.
 * @throws {ShapeError} when the image is too small. @throws {ValueError} for options out of range.
 */
export function resnet50(options: Resnet50Options): Model {
  return new Model({ ...resnet50Tensors(options), name: 'ResNet50' });
}
