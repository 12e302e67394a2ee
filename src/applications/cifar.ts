import { UnknownNameError, ValueError } from '../core/errors.js';
import type { Model } from '../models/model.js';
import {
  type ResidualNetworkOptions,
  type ResidualNetworkRow,
  residualNetwork,
} from './residual-network.js';

/** Options of `cifarPlain`. */
export interface CifarPlainOptions extends ResidualNetworkOptions {
  /** Weighted layers, 6n + 2: 20, 32, 44, 56, 110 in the paper. */
  depth: number;
  /** Channels of the first of the three stages; each following stage doubles them. Default 16. */
  width?: number;
}

/** Options of `cifarResnet`. */
export interface CifarResnetOptions extends CifarPlainOptions {
  /** `v1` (default): relu after the addition. `v2`: normalisation and relu before the convolutions. */
  version?: 'v1' | 'v2';
  /**
   * Shortcut where the channels change. `A`: every other pixel, zeros for the new channels, no weights.
   * `B`: a 1×1 convolution. Default as in the papers: A in v1, B in v2.
   */
  shortcut?: 'A' | 'B';
}

const STAGES = 3;
const DEFAULT_SHAPE = [32, 32, 3] as const;
const DEFAULT_CLASSES = 10;

function cifarNetwork(
  options: CifarPlainOptions,
  kind: Pick<ResidualNetworkRow, 'preactivation' | 'shortcut'>,
  family: string,
): Model {
  const { depth, width = 16, ...rest } = options;
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) {
    throw new ValueError(
      `${family}: depth must be 6n + 2, such as 8, 14, 20, 32, 44, 56 or 110, got ${depth}`,
    );
  }
  const row: ResidualNetworkRow = {
    ...kind,
    stem: 'cifar',
    block: 'basic',
    blocks: Array.from({ length: STAGES }, () => blocks),
    width,
    stridesAt: 'firstBlock',
    stridesOn: 'first',
    padding: 'strided',
    bias: 'none',
    groups: 1,
    groupWidth: width,
    epsilon: 1e-5,
    momentum: 0.9,
  };
  return residualNetwork(row, {
    inputShape: DEFAULT_SHAPE,
    classes: DEFAULT_CLASSES,
    initializer: 'heNormal',
    name: `${family}${depth}`,
    ...rest,
  });
}

/**
 * The paper's residual network for small images: a 3×3 convolution, three stages of n blocks of two 3×3
 * convolutions with `width`, 2 · `width` and 4 · `width` channels, global average pooling and a dense
 * layer, 6n + 2 weighted layers in all. Normalisation has PyTorch's epsilon 1e-5 and momentum 0.9 (0.1 as
 * PyTorch counts it). Sources: He et al., "Deep residual learning for image recognition" (2015), section
 * 4.2; "Identity mappings in deep residual networks" (2016) for v2.
 * @throws {ValueError}, {UnknownNameError} for options out of range.
 */
export function cifarResnet(options: CifarResnetOptions): Model {
  const { version = 'v1', shortcut = version === 'v1' ? 'A' : 'B', ...rest } = options;
  if (version !== 'v1' && version !== 'v2') {
    throw new UnknownNameError('version of cifarResnet', String(version), ['v1', 'v2']);
  }
  if (shortcut !== 'A' && shortcut !== 'B') {
    throw new UnknownNameError('shortcut of cifarResnet', String(shortcut), ['A', 'B']);
  }
  const kind = {
    preactivation: version === 'v2',
    shortcut: shortcut === 'A' ? 'pad' : 'projection',
  } as const;
  return cifarNetwork(rest, kind, version === 'v1' ? 'resnet' : 'resnet_v2_');
}

/**
 * The plain twin of `cifarResnet`: the same layers without shortcuts.
 * @throws {ValueError}, {UnknownNameError} for options out of range.
 */
export function cifarPlain(options: CifarPlainOptions): Model {
  return cifarNetwork(options, { preactivation: false, shortcut: 'none' }, 'plain');
}
