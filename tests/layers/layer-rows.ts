import { activation } from '../../src/layers/activation.js';
import { add } from '../../src/layers/add.js';
import { averagePooling2d } from '../../src/layers/average-pooling2d.js';
import { batchNormalization } from '../../src/layers/batch-normalization.js';
import { concatenate } from '../../src/layers/concatenate.js';
import { conv2d } from '../../src/layers/conv2d.js';
import { dense } from '../../src/layers/dense.js';
import { dropPath } from '../../src/layers/drop-path.js';
import { dropout } from '../../src/layers/dropout.js';
import { flatten } from '../../src/layers/flatten.js';
import { globalAveragePooling2d } from '../../src/layers/global-average-pooling2d.js';
import { globalMaxPooling2d } from '../../src/layers/global-max-pooling2d.js';
import { InputLayer } from '../../src/layers/input-layer.js';
import { type LambdaFunction, lambda } from '../../src/layers/lambda.js';
import { maxPooling2d } from '../../src/layers/max-pooling2d.js';
import { multiply } from '../../src/layers/multiply.js';
import { reLU } from '../../src/layers/re-lu.js';
import { l1L2, l2 } from '../../src/layers/regularizers.js';
import { reshape } from '../../src/layers/reshape.js';
import { softmax } from '../../src/layers/softmax.js';
import { subtract } from '../../src/layers/subtract.js';
import { zeroPadding2d } from '../../src/layers/zero-padding2d.js';
import * as ops from '../../src/ops/ops.js';
import { type LayerRow, SUBJECT as name } from './layer-row.js';

const image = [5, 7, 3];
const pixel = [1, 1, 3];

const squareOfDifference: LambdaFunction = (a, b) => ops.square(ops.subtract(a, b));

const activations = (['linear', 'relu', 'sigmoid', 'softmax', 'tanh'] as const).map(
  (fn): LayerRow => ({
    className: 'Activation',
    title: fn,
    inputs: [image],
    make: () => activation(fn, { name }),
    output: image,
    parameters: 0,
  }),
);

const merging: readonly LayerRow[] = [
  {
    className: 'Add',
    title: 'of three',
    inputs: [image, image, image],
    make: () => add({ name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Add',
    title: 'with a channel vector repeated',
    inputs: [image, pixel],
    make: () => add({ name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Subtract',
    title: 'of vectors',
    inputs: [[5], [5]],
    make: () => subtract({ name }),
    output: [5],
    parameters: 0,
  },
  {
    className: 'Multiply',
    title: 'with a gate repeated, as in squeeze and excitation',
    inputs: [image, pixel],
    make: () => multiply({ name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Concatenate',
    title: 'of channels',
    inputs: [image, [5, 7, 1], [5, 7, 2]],
    make: () => concatenate({ name }),
    output: [5, 7, 6],
    parameters: 0,
  },
  {
    className: 'Concatenate',
    title: 'of rows',
    inputs: [image, [2, 7, 3]],
    make: () => concatenate({ axis: 1, name }),
    output: [7, 7, 3],
    parameters: 0,
  },
];

const convolutions: readonly LayerRow[] = [
  {
    className: 'Conv2D',
    title: '3×3 valid, with penalties',
    inputs: [image],
    make: () =>
      conv2d({
        filters: 5,
        kernelSize: 3,
        kernelRegularizer: l1L2({ l1: 0.01, l2: 0.02 }),
        biasRegularizer: l2(0.1),
        name,
      }),
    output: [3, 5, 5],
    parameters: 140,
  },
  {
    className: 'Conv2D',
    title: '1×1 with strides, relu, no bias',
    inputs: [image],
    make: () =>
      conv2d({ filters: 5, kernelSize: 1, strides: 2, activation: 'relu', useBias: false, name }),
    output: [3, 4, 5],
    parameters: 15,
  },
  {
    className: 'Conv2D',
    title: 'same padding with strides',
    inputs: [image],
    make: () => conv2d({ filters: 2, kernelSize: [3, 2], strides: [2, 3], padding: 'same', name }),
    output: [3, 3, 2],
    parameters: 38,
  },
  {
    className: 'Conv2D',
    title: 'dilation and groups',
    inputs: [image],
    make: () => conv2d({ filters: 6, kernelSize: 2, dilationRate: [2, 3], groups: 3, name }),
    output: [3, 4, 6],
    parameters: 30,
  },
  {
    className: 'Conv2D',
    title: '3×3 on a 1×1 map',
    inputs: [pixel],
    make: () => conv2d({ filters: 5, kernelSize: 3, padding: 'same', name }),
    output: [1, 1, 5],
    parameters: 140,
  },
  {
    className: 'Conv2D',
    title: 'frozen',
    inputs: [image],
    make: () => conv2d({ filters: 5, kernelSize: 3, trainable: false, name }),
    output: [3, 5, 5],
    parameters: 140,
  },
];

const denseLayers: readonly LayerRow[] = [
  {
    className: 'Dense',
    title: 'on vectors, relu',
    inputs: [[7]],
    make: () => dense({ units: 5, activation: 'relu', kernelRegularizer: l2(0.01), name }),
    output: [5],
    parameters: 40,
  },
  {
    className: 'Dense',
    title: 'on images, no bias',
    inputs: [image],
    make: () => dense({ units: 1, useBias: false, name }),
    output: [5, 7, 1],
    parameters: 3,
  },
];

const normalizations: readonly LayerRow[] = [
  {
    className: 'BatchNormalization',
    title: 'of images',
    inputs: [image],
    make: () => batchNormalization({ momentum: 0.8, name }),
    output: image,
    parameters: 12,
  },
  {
    className: 'BatchNormalization',
    title: 'of 1×1 maps',
    inputs: [pixel],
    make: () => batchNormalization({ axis: 3, epsilon: 0.01, name }),
    output: pixel,
    parameters: 12,
  },
  {
    className: 'BatchNormalization',
    title: 'of vectors, without gamma and beta',
    inputs: [[5]],
    make: () => batchNormalization({ center: false, scale: false, name }),
    output: [5],
    parameters: 10,
  },
  {
    className: 'BatchNormalization',
    title: 'frozen',
    inputs: [image],
    make: () => batchNormalization({ gammaRegularizer: l2(0.1), trainable: false, name }),
    output: image,
    parameters: 12,
  },
];

const pooling: readonly LayerRow[] = [
  {
    className: 'MaxPooling2D',
    title: 'overlapping, same',
    inputs: [image],
    make: () => maxPooling2d({ poolSize: 3, strides: 2, padding: 'same', name }),
    output: [3, 4, 3],
    parameters: 0,
  },
  {
    className: 'AveragePooling2D',
    title: 'same',
    inputs: [image],
    make: () => averagePooling2d({ poolSize: 2, padding: 'same', name }),
    output: [3, 4, 3],
    parameters: 0,
  },
  {
    className: 'AveragePooling2D',
    title: 'of a 1×1 map, same',
    inputs: [pixel],
    make: () => averagePooling2d({ poolSize: 2, padding: 'same', name }),
    output: pixel,
    parameters: 0,
  },
  {
    className: 'GlobalAveragePooling2D',
    title: 'plain',
    inputs: [image],
    make: () => globalAveragePooling2d({ name }),
    output: [3],
    parameters: 0,
  },
  {
    className: 'GlobalMaxPooling2D',
    title: 'with axes kept',
    inputs: [image],
    make: () => globalMaxPooling2d({ keepDims: true, name }),
    output: [1, 1, 3],
    parameters: 0,
  },
  {
    className: 'ZeroPadding2D',
    title: 'on uneven sides',
    inputs: [image],
    make: () =>
      zeroPadding2d({
        padding: [
          [1, 0],
          [2, 3],
        ],
        name,
      }),
    output: [6, 12, 3],
    parameters: 0,
  },
  {
    className: 'ZeroPadding2D',
    title: 'of channels, as the shortcut A of the residual paper',
    inputs: [image],
    make: () =>
      zeroPadding2d({
        padding: [
          [0, 0],
          [1, 2],
        ],
        dataFormat: 'channelsFirst',
        name,
      }),
    output: [5, 7, 6],
    parameters: 0,
  },
];

const others: readonly LayerRow[] = [
  {
    className: 'DropPath',
    title: 'of images',
    inputs: [image],
    make: () => dropPath({ rate: 0.4, name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'DropPath',
    title: 'of batches',
    inputs: [image],
    make: () => dropPath({ rate: 0.4, per: 'batch', name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Dropout',
    title: 'of images',
    inputs: [image],
    make: () => dropout({ rate: 0.4, name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Flatten',
    title: 'of images',
    inputs: [image],
    make: () => flatten({ name }),
    output: [105],
    parameters: 0,
  },
  {
    className: 'InputLayer',
    title: 'of images',
    inputs: [],
    make: () => new InputLayer({ shape: image, name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Lambda',
    title: 'of two tensors',
    inputs: [[5], [5]],
    make: () => lambda(squareOfDifference, { name }),
    output: [5],
    parameters: 0,
    lambda: squareOfDifference,
  },
  {
    className: 'ReLU',
    title: 'of images',
    inputs: [image],
    make: () => reLU({ name }),
    output: image,
    parameters: 0,
  },
  {
    className: 'Reshape',
    title: 'with an open axis',
    inputs: [image],
    make: () => reshape({ targetShape: [7, -1], name }),
    output: [7, 15],
    parameters: 0,
  },
  {
    className: 'Softmax',
    title: 'of vectors',
    inputs: [[9]],
    make: () => softmax({ name }),
    output: [9],
    parameters: 0,
  },
];

/** Every layer of the library, each in at least one setting. */
export const layerRows: readonly LayerRow[] = [
  ...activations,
  ...merging,
  ...convolutions,
  ...denseLayers,
  ...normalizations,
  ...pooling,
  ...others,
];
