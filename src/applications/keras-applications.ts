import type { Model } from '../models/model.js';
import {
  type ResidualNetworkOptions,
  type ResidualNetworkRow,
  residualNetwork,
} from './residual-network.js';

type Blocks = readonly [number, number, number, number];

const IMAGE = [224, 224, 3] as const;
const CLASSES = 1000;
const WIDTH = 64;

const COMMON = {
  stem: 'imagenet',
  block: 'bottleneck',
  width: WIDTH,
  shortcut: 'projection',
  groups: 1,
  groupWidth: WIDTH,
  epsilon: 1.001e-5,
  momentum: 0.99,
} as const;

const V1 = {
  ...COMMON,
  preactivation: false,
  stridesAt: 'firstBlock',
  stridesOn: 'first',
  padding: 'strided',
  bias: 'all',
} as const;

const V2 = {
  ...COMMON,
  preactivation: true,
  stridesAt: 'lastBlock',
  stridesOn: 'middle',
  padding: 'everywhere',
  bias: 'unnormalized',
} as const;

const network =
  (version: Omit<ResidualNetworkRow, 'blocks'>, blocks: Blocks, name: string) =>
  (options: ResidualNetworkOptions = {}): Model =>
    residualNetwork(
      { ...version, blocks },
      { inputShape: IMAGE, classes: CLASSES, name, ...options },
    );

/** `keras.applications.ResNet50`: strides on the first 1×1 convolution, biases everywhere. */
export const resNet50 = network(V1, [3, 4, 6, 3], 'resnet50');
/** `keras.applications.ResNet101`. */
export const resNet101 = network(V1, [3, 4, 23, 3], 'resnet101');
/** `keras.applications.ResNet152`. */
export const resNet152 = network(V1, [3, 8, 36, 3], 'resnet152');
/** `keras.applications.ResNet50V2`: pre-activation, strides in the last block of a stage. */
export const resNet50V2 = network(V2, [3, 4, 6, 3], 'resnet50v2');
/** `keras.applications.ResNet101V2`. */
export const resNet101V2 = network(V2, [3, 4, 23, 3], 'resnet101v2');
/** `keras.applications.ResNet152V2`. */
export const resNet152V2 = network(V2, [3, 8, 36, 3], 'resnet152v2');

export { type DecodedPrediction, decodePredictions } from './decode-predictions.js';
export { type PreprocessMode, preprocessInput } from './preprocess-input.js';
