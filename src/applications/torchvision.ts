import type { Model } from '../models/model.js';
import {
  type ResidualNetworkOptions,
  type ResidualNetworkRow,
  residualNetwork,
} from './residual-network.js';

/** What tells torchvision's ResNets from each other. */
export type TorchvisionRow = Pick<ResidualNetworkRow, 'block' | 'blocks' | 'groups' | 'groupWidth'>;

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
  epsilon: 1e-5,
  momentum: 0.9,
} as const;

/**
 * A network in the manner of torchvision's ResNets: strides on the 3×3 convolution, no biases, batch
 * normalisation with epsilon 1e-5 and momentum 0.9 (0.1 as PyTorch counts it).
 * @throws {ShapeError} when the image is too small. @throws {ValueError} for options out of range.
 */
export function torchvisionNetwork(
  row: TorchvisionRow & Partial<Pick<ResidualNetworkRow, 'width' | 'shortcut'>>,
  options: ResidualNetworkOptions & { name: string },
): Model {
  return residualNetwork(
    { ...COMMON, ...row },
    { inputShape: IMAGE, classes: CLASSES, initializer: 'heNormal', ...options },
  );
}

type Blocks = readonly [number, number, number, number];

const basic = (blocks: Blocks): TorchvisionRow => ({
  block: 'basic',
  blocks,
  groups: 1,
  groupWidth: WIDTH,
});

const bottleneck = (blocks: Blocks, groups = 1, groupWidth = WIDTH): TorchvisionRow => ({
  block: 'bottleneck',
  blocks,
  groups,
  groupWidth,
});

const ROWS = {
  resnet18: basic([2, 2, 2, 2]),
  resnet34: basic([3, 4, 6, 3]),
  resnet50: bottleneck([3, 4, 6, 3]),
  resnet101: bottleneck([3, 4, 23, 3]),
  resnet152: bottleneck([3, 8, 36, 3]),
  resnext50_32x4d: bottleneck([3, 4, 6, 3], 32, 4),
  resnext101_32x8d: bottleneck([3, 4, 23, 3], 32, 8),
  resnext101_64x4d: bottleneck([3, 4, 23, 3], 64, 4),
  wide_resnet50_2: bottleneck([3, 4, 6, 3], 1, 128),
  wide_resnet101_2: bottleneck([3, 4, 23, 3], 1, 128),
};

/** The networks of torchvision by their names there. */
export const torchvisionVariants = Object.entries(ROWS).map(([name, row]) => ({ name, row }));

const network =
  (name: keyof typeof ROWS) =>
  (options: ResidualNetworkOptions = {}): Model =>
    torchvisionNetwork(ROWS[name], { name, ...options });

const plain =
  (name: string, row: TorchvisionRow) =>
  (options: ResidualNetworkOptions = {}): Model =>
    torchvisionNetwork({ ...row, shortcut: 'none' }, { name, ...options });

/** `torchvision.models.resnet18`: basic blocks. */
export const resnet18 = network('resnet18');
/** `torchvision.models.resnet34`. */
export const resnet34 = network('resnet34');
/** The plain network of 18 layers, the twin of `resnet18` in the residual paper. */
export const plain18 = plain('plain18', ROWS.resnet18);
/** The plain network of 34 layers, the twin of `resnet34` in the residual paper. */
export const plain34 = plain('plain34', ROWS.resnet34);
/** `torchvision.models.resnet50`, "v1.5": strides on the 3×3 convolution. */
export const resnet50 = network('resnet50');
/** `torchvision.models.resnet101`. */
export const resnet101 = network('resnet101');
/** `torchvision.models.resnet152`. */
export const resnet152 = network('resnet152');
/** `torchvision.models.resnext50_32x4d`: 32 groups of 4 channels. */
export const resnext50_32x4d = network('resnext50_32x4d');
/** `torchvision.models.resnext101_32x8d`. */
export const resnext101_32x8d = network('resnext101_32x8d');
/** `torchvision.models.resnext101_64x4d`. */
export const resnext101_64x4d = network('resnext101_64x4d');
/** `torchvision.models.wide_resnet50_2`: twice the channels inside the blocks. */
export const wide_resnet50_2 = network('wide_resnet50_2');
/** `torchvision.models.wide_resnet101_2`. */
export const wide_resnet101_2 = network('wide_resnet101_2');
