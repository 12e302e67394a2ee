import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { activation } from '../layers/activation.js';
import { add } from '../layers/add.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { conv2d } from '../layers/conv2d.js';
import type { InitializerLike } from '../layers/initializers.js';
import type { Padding } from '../ops/window.js';

/** Where a block stands, and how its convolutions begin. */
export interface BlockOptions {
  /** Number of the stage, part of the layer names. */
  stage: number;
  /** Letter of the block in its stage, part of the layer names. */
  block: string;
  /** First values of every kernel; default `glorotUniform`. */
  initializer?: InitializerLike;
}

/** Options of a bottleneck block without a convolution in its shortcut. */
export interface IdentityBlockOptions extends BlockOptions {
  /** Height and width of the middle kernel, in pixels. */
  f: number;
  /** Channels of the three convolutions. */
  filters: readonly [number, number, number];
}

/** Options of a bottleneck block with a convolution in its shortcut. */
export interface ConvolutionalBlockOptions extends IdentityBlockOptions {
  /** Step of the first convolution and of the shortcut, in pixels; default 2. */
  strides?: number;
}

/** Options of a block of two convolutions of 3×3. */
export interface BasicBlockOptions extends BlockOptions {
  /** Channels of both convolutions. */
  filters: number;
  /** Step of the first convolution and of the shortcut, in pixels. */
  strides: number;
  /** Whether the shortcut is a 1×1 convolution instead of the input itself. */
  projection: boolean;
}

/** One convolution of a branch. */
interface BranchConvolution {
  filters: number;
  kernelSize: number;
  strides: number;
  padding: Padding;
}

/**
 * relu(F(x) + shortcut(x)): F is a row of convolutions, each normalised, with relu between them; the
 * shortcut is x itself or a normalised 1×1 convolution. Layers are named `res{stage}{block}_branch2a`,
 * `bn{stage}{block}_branch2a` and so on, those of the shortcut `…_branch1`. Source: He et al., "Deep
 * residual learning for image recognition" (2015).
 */
function residualBlock(
  x: SymbolicTensor,
  branch: readonly BranchConvolution[],
  shortcutStrides: number | undefined,
  { stage, block, initializer = 'glorotUniform' }: BlockOptions,
): SymbolicTensor {
  const convolve = (input: SymbolicTensor, part: string, convolution: BranchConvolution) => {
    const name = `res${stage}${block}_branch${part}`;
    const y = conv2d({ ...convolution, name, kernelInitializer: initializer })(input);
    return batchNormalization({ name: `bn${stage}${block}_branch${part}` })(y);
  };
  let y = x;
  branch.forEach((convolution, i) => {
    if (i > 0) y = activation('relu')(y);
    y = convolve(y, `2${'abc'[i]}`, convolution);
  });
  let shortcut = x;
  if (shortcutStrides !== undefined) {
    const { filters } = branch[branch.length - 1];
    const projection = {
      filters,
      kernelSize: 1,
      strides: shortcutStrides,
      padding: 'valid',
    } as const;
    shortcut = convolve(x, '1', projection);
  }
  return activation('relu')(add()([y, shortcut]));
}

function bottleneck(
  [first, middle, last]: readonly [number, number, number],
  f: number,
  strides: number,
): BranchConvolution[] {
  return [
    { filters: first, kernelSize: 1, strides, padding: 'valid' },
    { filters: middle, kernelSize: f, strides: 1, padding: 'same' },
    { filters: last, kernelSize: 1, strides: 1, padding: 'valid' },
  ];
}

/**
 * The article's identity block: a bottleneck of three convolutions whose shortcut is x itself, so x
 * `[N, H, W, C]` must have `filters[2]` channels already.
 */
export function identityBlock(x: SymbolicTensor, options: IdentityBlockOptions): SymbolicTensor {
  return residualBlock(x, bottleneck(options.filters, options.f, 1), undefined, options);
}

/**
 * The article's convolutional block: a bottleneck whose first convolution may stride, and whose shortcut
 * is a 1×1 convolution: `[N, H, W, C]` → `[N, ⌈H / strides⌉, ⌈W / strides⌉, filters[2]]`.
 */
export function convolutionalBlock(
  x: SymbolicTensor,
  options: ConvolutionalBlockOptions,
): SymbolicTensor {
  const { f, filters, strides = 2 } = options;
  return residualBlock(x, bottleneck(filters, f, strides), strides, options);
}

/** A block of two 3×3 convolutions: `[N, H, W, C]` → `[N, ⌈H / strides⌉, ⌈W / strides⌉, filters]`. */
export function basicBlock(x: SymbolicTensor, options: BasicBlockOptions): SymbolicTensor {
  const { filters, strides, projection } = options;
  const branch: BranchConvolution[] = [
    { filters, kernelSize: 3, strides, padding: 'same' },
    { filters, kernelSize: 3, strides: 1, padding: 'same' },
  ];
  return residualBlock(x, branch, projection ? strides : undefined, options);
}
