import { UnknownNameError, ValueError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { activation } from '../layers/activation.js';
import type { ActivationName } from '../layers/activations.js';
import { add } from '../layers/add.js';
import { averagePooling2d } from '../layers/average-pooling2d.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { conv2d } from '../layers/conv2d.js';
import { dense } from '../layers/dense.js';
import { globalAveragePooling2d } from '../layers/global-average-pooling2d.js';
import { globalMaxPooling2d } from '../layers/global-max-pooling2d.js';
import type { InitializerLike } from '../layers/initializers.js';
import { input } from '../layers/input-layer.js';
import { maxPooling2d } from '../layers/max-pooling2d.js';
import type { RegularizerLike } from '../layers/regularizers.js';
import { zeroPadding2d } from '../layers/zero-padding2d.js';
import { Model } from '../models/model.js';

/** What distinguishes one residual network from another: a row of a table. */
export interface ResidualNetworkRow {
  /** 7×7 convolution of stride 2 and max pooling, or one 3×3 convolution. */
  readonly stem: 'imagenet' | 'cifar';
  /** Two 3×3 convolutions, or 1×1, 3×3 and 1×1 with four times the channels at the end. */
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Channels of the stem and of the blocks of the first stage; each stage doubles them. */
  readonly width: number;
  /** Whether normalisation and relu stand before the convolutions (v2) instead of after them. */
  readonly preactivation: boolean;
  /**
   * Shortcut where the channels change: a 1×1 convolution (option B), every other pixel with zeros for
   * the new channels (option A), or no shortcuts at all, which makes the plain network.
   */
  readonly shortcut: 'projection' | 'pad' | 'none';
  /** Which block of a stage strides. */
  readonly stridesAt: 'firstBlock' | 'lastBlock';
  /** Which convolution of a striding block strides. */
  readonly stridesOn: 'first' | 'middle';
  /** Where a 3×3 convolution pads by a layer of its own, symmetrically: in every block, or where it strides. */
  readonly padding: 'everywhere' | 'strided';
  /** Which convolutions have biases: all, none, or those that no normalisation follows. */
  readonly bias: 'all' | 'none' | 'unnormalized';
  /** Groups of the middle convolution of a bottleneck. */
  readonly groups: number;
  /** Channels of a group in the first stage; `width` where there is one group. */
  readonly groupWidth: number;
  /** Epsilon of the normalisations. */
  readonly epsilon: number;
  /** Momentum of the normalisations' moving statistics, as Keras counts it. */
  readonly momentum: number;
}

/** What all ready-made residual networks can be told, in Keras's names. */
export interface ResidualNetworkOptions {
  /** Shape of one image, [height, width, channels]. */
  inputShape?: Shape;
  /** Number of classes. */
  classes?: number;
  /** Whether the network ends in pooling and a dense layer; default true. */
  includeTop?: boolean;
  /** Without a top: the mean or largest value of each channel, or (default) the last feature maps. */
  pooling?: 'avg' | 'max' | null;
  /** Activation of the last layer; default `softmax`, null for logits. */
  classifierActivation?: ActivationName | null;
  /** First values of every kernel. */
  initializer?: InitializerLike;
  /** Penalty on every kernel, such as `l2(1e-4)`. */
  kernelRegularizer?: RegularizerLike;
  /** Whether the last scale of every branch begins at 0, so that blocks begin as identities; default false. */
  zeroInitResidual?: boolean;
  /** `none` leaves every batch normalisation out and gives every convolution a bias; default `batch`. */
  normalization?: 'batch' | 'none';
  /** Name of the model. */
  name?: string;
}

const EXPANSION = 4;
const FIRST_STAGE = 2;

interface Convolution {
  readonly filters: number;
  readonly kernelSize: number;
  readonly strides?: number;
  readonly groups?: number;
  /** Whether a batch normalisation follows at once. */
  readonly normalized: boolean;
}

/** One stage's place in the network. */
interface Place {
  /** Name of the block, such as `conv2_block1`. */
  readonly name: string;
  /** Channels inside the block, before the expansion. */
  readonly width: number;
  readonly strides: number;
}

/** Puts layers together as a row and its options say. */
class Builder {
  readonly #row: ResidualNetworkRow;
  readonly #options: ResidualNetworkOptions;
  readonly #normalizes: boolean;

  constructor(row: ResidualNetworkRow, options: ResidualNetworkOptions) {
    this.#row = row;
    this.#options = options;
    const { normalization = 'batch', pooling } = options;
    if (normalization !== 'batch' && normalization !== 'none') {
      throw new UnknownNameError('normalization', String(normalization), ['batch', 'none']);
    }
    if (pooling !== undefined && pooling !== null && pooling !== 'avg' && pooling !== 'max') {
      throw new UnknownNameError('pooling', String(pooling), ['avg', 'max']);
    }
    this.#normalizes = normalization === 'batch';
  }

  /** A convolution that keeps height and width, divided by its strides. */
  #convolve(x: SymbolicTensor, part: string, convolution: Convolution): SymbolicTensor {
    const { filters, kernelSize, strides = 1, groups, normalized } = convolution;
    const { bias, padding } = this.#row;
    const { initializer, kernelRegularizer } = this.#options;
    const size = kernelSize - 1;
    const padded = size > 0 && (padding === 'everywhere' || strides > 1);
    const y = padded ? zeroPadding2d({ padding: size / 2, name: `${part}_pad` })(x) : x;
    return conv2d({
      filters,
      kernelSize,
      strides,
      groups,
      padding: padded || size === 0 ? 'valid' : 'same',
      useBias: bias === 'all' || !this.#normalizes || (bias === 'unnormalized' && !normalized),
      kernelInitializer: initializer,
      kernelRegularizer,
      name: `${part}_conv`,
    })(y);
  }

  #normalize(x: SymbolicTensor, part: string, last = false): SymbolicTensor {
    if (!this.#normalizes) return x;
    const { epsilon, momentum } = this.#row;
    const zero = last && this.#options.zeroInitResidual === true;
    const gammaInitializer = zero ? 'zeros' : 'ones';
    return batchNormalization({ epsilon, momentum, gammaInitializer, name: `${part}_bn` })(x);
  }

  /** The convolutions of a block's branch, in order. */
  #branch({ width, strides }: Place): readonly Convolution[] {
    const { block, stridesOn, groups, groupWidth, width: firstWidth, preactivation } = this.#row;
    // Before an addition, v2 does not normalise.
    const last = { normalized: !preactivation };
    if (block === 'basic') {
      return [
        { filters: width, kernelSize: 3, strides, normalized: true },
        { filters: width, kernelSize: 3, ...last },
      ];
    }
    const inner = Math.floor((width * groupWidth) / firstWidth) * groups;
    const onFirst = stridesOn === 'first';
    const middle = { kernelSize: 3, strides: onFirst ? 1 : strides, groups, normalized: true };
    return [
      { filters: inner, kernelSize: 1, strides: onFirst ? strides : 1, normalized: true },
      { filters: inner, ...middle },
      { filters: width * EXPANSION, kernelSize: 1, ...last },
    ];
  }

  /** What the block adds to its branch, or undefined in a plain network. */
  #shortcut(
    x: SymbolicTensor,
    preactivated: SymbolicTensor,
    filters: number,
    { name, strides }: Place,
  ): SymbolicTensor | undefined {
    const { shortcut, preactivation } = this.#row;
    if (shortcut === 'none') return undefined;
    const channels = x.sampleShape[2];
    if (channels === filters) return strides > 1 ? maxPooling2d({ poolSize: 1, strides })(x) : x;
    const source = preactivation ? preactivated : x;
    if (shortcut === 'projection') {
      const normalized = !preactivation;
      const projection = { filters, kernelSize: 1, strides, normalized };
      const y = this.#convolve(source, `${name}_0`, projection);
      return normalized ? this.#normalize(y, `${name}_0`) : y;
    }
    const pool = averagePooling2d({ poolSize: 1, strides, name: `${name}_0_pool` });
    const missing = filters - channels;
    const before = Math.floor(missing / 2);
    return zeroPadding2d({
      padding: [
        [0, 0],
        [before, missing - before],
      ],
      dataFormat: 'channelsFirst',
      name: `${name}_0_pad`,
    })(strides > 1 ? pool(source) : source);
  }

  /** relu(F(x) + shortcut(x)), or in v2 F(relu(normalised x)) + shortcut. */
  #block(x: SymbolicTensor, place: Place): SymbolicTensor {
    const { preactivation } = this.#row;
    const { name } = place;
    const branch = this.#branch(place);
    let y = x;
    if (preactivation) y = this.#activate(this.#normalize(y, `${name}_preact`), `${name}_preact`);
    const filters = branch[branch.length - 1].filters;
    const shortcut = this.#shortcut(x, y, filters, place);
    branch.forEach((convolution, i) => {
      const part = `${name}_${i + 1}`;
      const isLast = i === branch.length - 1;
      y = this.#convolve(y, part, convolution);
      if (convolution.normalized) y = this.#normalize(y, part, isLast);
      if (!isLast) y = this.#activate(y, part);
    });
    if (preactivation) {
      return shortcut === undefined ? y : add({ name: `${name}_out` })([shortcut, y]);
    }
    if (shortcut !== undefined) y = add({ name: `${name}_add` })([shortcut, y]);
    return activation('relu', { name: `${name}_out` })(y);
  }

  #activate(x: SymbolicTensor, part: string): SymbolicTensor {
    return activation('relu', { name: `${part}_relu` })(x);
  }

  #stem(images: SymbolicTensor): SymbolicTensor {
    const { stem, width, preactivation } = this.#row;
    const large = stem === 'imagenet';
    const shape = large ? { kernelSize: 7, strides: 2 } : { kernelSize: 3 };
    let x = this.#convolve(images, 'conv1', {
      ...shape,
      filters: width,
      normalized: !preactivation,
    });
    if (!preactivation) x = this.#activate(this.#normalize(x, 'conv1'), 'conv1');
    if (!large) return x;
    x = zeroPadding2d({ padding: 1, name: 'pool1_pad' })(x);
    return maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1_pool' })(x);
  }

  #stages(images: SymbolicTensor): SymbolicTensor {
    const { blocks, width, stridesAt } = this.#row;
    const last = blocks.length - 1;
    let x = images;
    blocks.forEach((count, i) => {
      const atFirst = stridesAt === 'firstBlock';
      const stageStrides = i === (atFirst ? 0 : last) ? 1 : 2;
      for (let block = 1; block <= count; block++) {
        x = this.#block(x, {
          name: `conv${FIRST_STAGE + i}_block${block}`,
          width: width * 2 ** i,
          strides: block === (atFirst ? 1 : count) ? stageStrides : 1,
        });
      }
    });
    return x;
  }

  #top(x: SymbolicTensor, classes: number): SymbolicTensor {
    const { includeTop = true, pooling, classifierActivation = 'softmax' } = this.#options;
    const { initializer, kernelRegularizer } = this.#options;
    if (includeTop) {
      return dense({
        units: classes,
        activation: classifierActivation ?? 'linear',
        kernelInitializer: initializer,
        kernelRegularizer,
        name: 'predictions',
      })(globalAveragePooling2d({ name: 'avg_pool' })(x));
    }
    if (pooling === 'avg') return globalAveragePooling2d({ name: 'avg_pool' })(x);
    return pooling === 'max' ? globalMaxPooling2d({ name: 'max_pool' })(x) : x;
  }

  build(inputShape: Shape, classes: number, name: string): Model {
    const inputs = input({ shape: inputShape });
    let x = this.#stages(this.#stem(inputs));
    if (this.#row.preactivation) x = this.#activate(this.#normalize(x, 'post'), 'post');
    return new Model({ inputs, outputs: this.#top(x, classes), name });
  }
}

/**
 * The residual network (or plain network) of a row. Layers are named as in `keras.applications`:
 * `conv2_block1_1_conv`, `…_1_bn`, `…_1_relu`, `…_0_conv` in the shortcut, `…_add`, `…_out`. Sources: He
 * et al., "Deep residual learning for image recognition" (2015) and "Identity mappings in deep residual
 * networks" (2016); Xie et al., "Aggregated residual transformations" (2017); Zagoruyko and Komodakis,
 * "Wide residual networks" (2016).
 * @throws {ShapeError} when the image is too small. @throws {ValueError}, {UnknownNameError} for options
 * out of range.
 */
export function residualNetwork(
  row: ResidualNetworkRow,
  options: ResidualNetworkOptions & { inputShape: Shape; classes: number; name: string },
): Model {
  const { inputShape, classes, name } = options;
  if (!Array.isArray(inputShape) || inputShape.length !== 3) {
    throw new ValueError(
      `inputShape of ${name} must be [height, width, channels], got ${JSON.stringify(inputShape)}`,
    );
  }
  return new Builder(row, options).build(inputShape, classes, name);
}
