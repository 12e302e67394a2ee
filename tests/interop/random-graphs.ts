import {
  activation,
  add,
  averagePooling2d,
  batchNormalization,
  clearNames,
  concatenate,
  conv2d,
  dense,
  flatten,
  globalAveragePooling2d,
  globalMaxPooling2d,
  input,
  type Layer,
  l1L2,
  l2,
  Model,
  maxPooling2d,
  multiply,
  Random,
  reLU,
  reshape,
  type SymbolicTensor,
  sequential,
  softmax,
  subtract,
  zeroPadding2d,
} from '../../src/node.js';

type Window = { padding: 'valid' | 'same'; strides: [number, number] };

/** Draws the parts of one residual graph; every choice follows from the seed. */
class GraphMaker {
  readonly #random: Random;
  readonly #seed: number;
  #layers = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed, [4711]);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)];
  }

  chance(share: number): boolean {
    return this.#random.uniform() < share;
  }

  /** A name that says nothing of the class, and whose order is not that of the layers. */
  name(): { name: string } {
    return { name: `${this.pick(['layer', 'b', 'zeta', 'Alpha.x'])}_${this.#layers++}` };
  }

  model(): Model {
    const shape = [this.pick([5, 6, 7, 8]), this.pick([5, 6, 7, 9]), this.pick([1, 2, 3])];
    const inputs = [input({ shape, ...this.name() })];
    let x = this.stem(inputs[0]);
    if (this.chance(0.25)) {
      const second = input({ shape: x.sampleShape, ...this.name() });
      inputs.push(second);
      x = this.chance(0.5) ? add(this.name())([x, second]) : add(this.name())([second, x]);
    }
    const stages: SymbolicTensor[] = [];
    const blocks = 1 + this.#random.integer(3);
    for (let i = 0; i < blocks; i++) {
      x = this.block(x);
      stages.push(x);
    }
    const outputs = [this.head(x)];
    if (this.chance(0.4)) outputs.push(this.head(this.pick(stages)));
    if (this.chance(0.15)) outputs.push(this.head(this.pick(stages)));
    return new Model({
      inputs: inputs.length === 1 ? inputs[0] : inputs,
      outputs: outputs.length === 1 ? outputs[0] : outputs,
      name: `graph_${this.#seed}`,
    });
  }

  window(x: SymbolicTensor, kernel: readonly number[]): Window {
    const [height, width] = x.sampleShape;
    const fits = height >= kernel[0] && width >= kernel[1];
    return {
      padding: fits ? this.pick(['valid', 'same'] as const) : 'same',
      strides: [this.pick([1, 1, 2, 3]), this.pick([1, 1, 2])],
    };
  }

  stem(x: SymbolicTensor): SymbolicTensor {
    let y = x;
    if (this.chance(0.5)) {
      const padding = this.pick<number | [number, number] | [[number, number], [number, number]]>([
        1,
        [0, 2],
        [
          [1, 0],
          [2, 1],
        ],
      ]);
      y = zeroPadding2d({ padding, ...this.name() })(y);
    }
    const kernelSize: [number, number] = [this.pick([1, 2, 3]), this.pick([1, 2, 3, 4])];
    const filters = this.pick([2, 4, 6]);
    y = conv2d({ filters, kernelSize, ...this.window(y, kernelSize), ...this.name() })(y);
    return this.chance(0.3) ? this.pool(y) : y;
  }

  pool(x: SymbolicTensor): SymbolicTensor {
    const poolSize: [number, number] = [this.pick([1, 2, 3]), this.pick([2, 3])];
    const options = { poolSize, ...this.window(x, poolSize), ...this.name() };
    return (this.chance(0.5) ? maxPooling2d(options) : averagePooling2d(options))(x);
  }

  normalize(x: SymbolicTensor): SymbolicTensor {
    if (this.chance(0.2)) return x;
    const [center, scale] = this.pick([
      [true, true],
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const);
    const epsilon = this.pick([1e-3, 1e-5, 1.001e-5]);
    const momentum = this.pick([0.99, 0.9]);
    const gammaRegularizer = scale && this.chance(0.2) ? l2(1e-3) : undefined;
    const options = { center, scale, epsilon, momentum, gammaRegularizer, ...this.name() };
    return batchNormalization(options)(x);
  }

  activate(x: SymbolicTensor): SymbolicTensor {
    if (this.chance(0.2)) return reLU(this.name())(x);
    return activation(this.pick(['relu', 'relu', 'tanh', 'sigmoid']), this.name())(x);
  }

  /** A residual block: a branch of some convolutions, and a shortcut that fits it. */
  block(x: SymbolicTensor): SymbolicTensor {
    const channels = x.sampleShape[2];
    const kind = this.pick(['identity', 'projection', 'shared', 'nested', 'dense', 'gated']);
    if (kind === 'shared') return this.sharedBlock(x);
    if (kind === 'nested') return this.nestedBlock(x);
    if (kind === 'dense') {
      const y = this.branch(x, this.pick([2, 3]), [1, 1]);
      return concatenate(this.name())(this.chance(0.5) ? [x, y] : [y, x]);
    }
    if (kind === 'gated') {
      const gate = activation('sigmoid', this.name())(this.branch(x, channels, [1, 1]));
      const y = multiply(this.name())([x, gate]);
      return this.chance(0.5) ? subtract(this.name())([x, y]) : add(this.name())([y, x]);
    }
    if (kind === 'identity') {
      const y = this.branch(x, channels, [1, 1]);
      return this.activate(add(this.name())(this.chance(0.5) ? [y, x] : [x, y]));
    }
    const filters = this.pick([2, 4]);
    const strides: [number, number] = [this.pick([1, 2]), this.pick([1, 2])];
    const y = this.branch(x, filters, strides);
    const options = { filters, kernelSize: 1, strides, padding: 'same' as const, ...this.name() };
    const shortcut = this.normalize(conv2d(options)(x));
    return this.activate(add(this.name())(this.chance(0.5) ? [y, shortcut] : [shortcut, y]));
  }

  /** Convolutions with normalisations that keep the size but for the first one's strides. */
  branch(x: SymbolicTensor, filters: number, strides: [number, number]): SymbolicTensor {
    let y = x;
    const count = 1 + this.#random.integer(2);
    for (let i = 0; i < count; i++) {
      const channels = y.sampleShape[2];
      const plain = strides[0] === 1 && strides[1] === 1;
      const groups = channels % 2 === 0 && filters % 2 === 0 && this.chance(0.25) ? 2 : 1;
      y = conv2d({
        filters,
        kernelSize: [this.pick([1, 2, 3]), this.pick([1, 3])],
        strides: i === 0 ? strides : 1,
        padding: 'same',
        dilationRate: plain && this.chance(0.2) ? [2, this.pick([1, 2])] : 1,
        groups,
        useBias: this.chance(0.5),
        activation: this.pick(['linear', 'linear', 'relu'] as const),
        kernelInitializer: this.pick(['glorotUniform', 'heNormal', 'heUniform'] as const),
        kernelRegularizer: this.chance(0.2)
          ? this.pick([l2(1e-3), l1L2({ l1: 1e-4, l2: 1e-3 })])
          : undefined,
        ...this.name(),
      })(y);
      y = this.normalize(y);
      if (i < count - 1) y = this.activate(y);
    }
    return y;
  }

  /** One convolution, and sometimes one normalisation, called two or three times. */
  sharedBlock(x: SymbolicTensor): SymbolicTensor {
    const filters = x.sampleShape[2];
    const layers: Layer[] = [conv2d({ filters, kernelSize: 3, padding: 'same', ...this.name() })];
    if (this.chance(0.5)) layers.push(batchNormalization(this.name()));
    const apply = (y: SymbolicTensor) => layers.reduce((tensor, layer) => layer(tensor), y);
    let y = add(this.name())([apply(x), x]);
    if (this.chance(0.5)) y = add(this.name())([x, apply(this.activate(y))]);
    return y;
  }

  /** A model within the model, functional or sequential, sometimes called twice. */
  nestedBlock(x: SymbolicTensor): SymbolicTensor {
    const shape = x.sampleShape;
    let inner: Model;
    if (this.chance(0.5)) {
      const start = input({ shape, ...this.name() });
      const y = add(this.name())([this.branch(start, shape[2], [1, 1]), start]);
      inner = new Model({ inputs: start, outputs: this.activate(y), ...this.name() });
    } else {
      const convolution = conv2d({
        filters: shape[2],
        kernelSize: 3,
        padding: 'same',
        ...this.name(),
      });
      const layers = [convolution, batchNormalization(this.name()), reLU(this.name())];
      inner = sequential({ inputShape: shape, layers, ...this.name() });
    }
    const y = inner(x);
    return add(this.name())(this.chance(0.3) ? [inner(y), x] : [y, x]);
  }

  /** An output of 3 classes. */
  head(x: SymbolicTensor): SymbolicTensor {
    const features = this.pick([
      () => flatten(this.name())(x),
      () => globalAveragePooling2d(this.name())(x),
      () => globalMaxPooling2d(this.name())(x),
      () => {
        const mean = globalAveragePooling2d({ keepDims: true, ...this.name() })(x);
        return reshape({ targetShape: [-1], ...this.name() })(mean);
      },
    ])();
    if (this.chance(0.3))
      return softmax(this.name())(dense({ units: 3, ...this.name() })(features));
    const biasRegularizer = this.chance(0.2) ? l2(1e-2) : undefined;
    return dense({ units: 3, activation: 'softmax', biasRegularizer, ...this.name() })(features);
  }
}

/**
 * A small residual graph that follows from the seed alone: images of up to 8×9×3 in, one to three
 * outputs of three classes, with every padding and stride, groups, dilation, shared layers, nested models
 * and sometimes a second input. No dropout, so that training follows from the weights.
 */
export function randomGraph(seed: number): Model {
  clearNames();
  return new GraphMaker(seed).model();
}
