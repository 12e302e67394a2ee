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
  width: WIDTH,
  preactivation: false,
  shortcut: 'projection',
  stridesAt: 'firstBlock',
  stridesOn: 'middle',
  padding: 'strided',
  bias: 'none',
  groups: 1,
  groupWidth: WIDTH,
  epsilon: 1e-5,
  momentum: 0.9,
} as const;

const network =
  (blocks: Blocks, name: string, row: Partial<ResidualNetworkRow> = {}) =>
  (options: ResidualNetworkOptions = {}): Model =>
    residualNetwork(
      { ...COMMON, block: 'bottleneck', blocks, ...row },
      { inputShape: IMAGE, classes: CLASSES, initializer: 'heNormal', name, ...options },
    );

const basic = { block: 'basic' } as const;
const plain = { block: 'basic', shortcut: 'none' } as const;

/** `torchvision.models.resnet18`: basic blocks, no biases, batch normalisation with epsilon 1e-5. */
export const resnet18 = network([2, 2, 2, 2], 'resnet18', basic);
/** `torchvision.models.resnet34`. */
export const resnet34 = network([3, 4, 6, 3], 'resnet34', basic);
/** The plain network of 18 layers, the twin of `resnet18` in the residual paper. */
export const plain18 = network([2, 2, 2, 2], 'plain18', plain);
/** The plain network of 34 layers, the twin of `resnet34` in the residual paper. */
export const plain34 = network([3, 4, 6, 3], 'plain34', plain);
/** `torchvision.models.resnet50`, "v1.5": strides on the 3×3 convolution. */
export const resnet50 = network([3, 4, 6, 3], 'resnet50');
/** `torchvision.models.resnet101`. */
export const resnet101 = network([3, 4, 23, 3], 'resnet101');
/** `torchvision.models.resnet152`. */
export const resnet152 = network([3, 8, 36, 3], 'resnet152');
/** `torchvision.models.resnext50_32x4d`: 32 groups of 4 channels. */
export const resnext50_32x4d = network([3, 4, 6, 3], 'resnext50_32x4d', {
  groups: 32,
  groupWidth: 4,
});
/** `torchvision.models.resnext101_32x8d`. */
export const resnext101_32x8d = network([3, 4, 23, 3], 'resnext101_32x8d', {
  groups: 32,
  groupWidth: 8,
});
/** `torchvision.models.resnext101_64x4d`. */
export const resnext101_64x4d = network([3, 4, 23, 3], 'resnext101_64x4d', {
  groups: 64,
  groupWidth: 4,
});
/** `torchvision.models.wide_resnet50_2`: twice the channels inside the blocks. */
export const wide_resnet50_2 = network([3, 4, 6, 3], 'wide_resnet50_2', { groupWidth: 128 });
/** `torchvision.models.wide_resnet101_2`. */
export const wide_resnet101_2 = network([3, 4, 23, 3], 'wide_resnet101_2', { groupWidth: 128 });
