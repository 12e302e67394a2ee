import { ValueError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { activation } from '../layers/activation.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { conv2d } from '../layers/conv2d.js';
import { dense } from '../layers/dense.js';
import { globalAveragePooling2d } from '../layers/global-average-pooling2d.js';
import type { InitializerLike } from '../layers/initializers.js';
import { input } from '../layers/input-layer.js';
import { Model } from '../models/model.js';
import { basicBlock } from './residual-blocks.js';

/** Options of `smallResnet`. */
export interface SmallResnetOptions {
  /** Shape of one image, [height, width, channels]. */
  inputShape: Shape;
  /** Number of classes. */
  classes: number;
  /** Channels of each stage; every stage after the first halves height and width. Default [16, 32, 64]. */
  filters?: readonly number[];
  /** Blocks in each stage, 1 to 26; default 1. */
  blocksPerStage?: number;
  /** First values of every kernel; default `heNormal`. */
  initializer?: InitializerLike;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const FIRST_STAGE = 2;

/** Input and output tensor of `smallResnet`, for building on: `[N, ...inputShape]` → `[N, classes]`. */
export function smallResnetTensors(options: SmallResnetOptions): {
  inputs: SymbolicTensor;
  outputs: SymbolicTensor;
} {
  const { inputShape, classes, filters = [16, 32, 64], blocksPerStage = 1 } = options;
  const { initializer = 'heNormal' } = options;
  if (filters.length === 0)
    throw new ValueError('filters must name the channels of at least one stage');
  if (!Number.isInteger(blocksPerStage) || blocksPerStage < 1 || blocksPerStage > LETTERS.length) {
    throw new ValueError(
      `blocksPerStage must be an integer from 1 to ${LETTERS.length}, got ${blocksPerStage}`,
    );
  }
  const inputs = input({ shape: inputShape });
  let x = conv2d({
    filters: filters[0],
    kernelSize: 3,
    padding: 'same',
    name: 'conv',
    kernelInitializer: initializer,
  })(inputs);
  x = activation('relu')(batchNormalization({ name: 'bn' })(x));
  filters.forEach((channels, i) => {
    for (const block of LETTERS.slice(0, blocksPerStage)) {
      const strides = i > 0 && block === 'a' ? 2 : 1;
      const projection = strides > 1 || x.sampleShape[2] !== channels;
      const place = { stage: FIRST_STAGE + i, block, initializer };
      x = basicBlock(x, { ...place, filters: channels, strides, projection });
    }
  });
  x = globalAveragePooling2d()(x);
  const outputs = dense({
    units: classes,
    activation: 'softmax',
    name: `fc${classes}`,
    kernelInitializer: initializer,
  })(x);
  return { inputs, outputs };
}

/**
 * A small residual network of basic blocks in the manner of the paper's CIFAR networks, for examples and
 * quick runs: with the default filters, n blocks in each stage make 6n + 2 weighted layers.
 * Source: He et al., "Deep residual learning for image recognition" (2015), section 4.2.
 * @throws {ShapeError} when the image is too small. @throws {ValueError} for options out of range.
 */
export function smallResnet(options: SmallResnetOptions): Model {
  return new Model({ ...smallResnetTensors(options), name: 'small_resnet' });
}
