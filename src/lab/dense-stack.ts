import {
  ArrayDataset,
  activation,
  add,
  batchNormalization,
  type CompileOptions,
  clearNames,
  dense,
  input,
  lambda,
  Model,
  ops,
  Random,
  type SymbolicTensor,
  setRandomSeed,
} from '../library.js';

/** A row of equal dense layers or blocks. */
export interface DenseStackOptions {
  /** Features of the input. */
  inputs: number;
  /** Units of every layer. */
  width: number;
  /** Layers, or blocks where they are residual. */
  depth: number;
  /** Outputs at the end, without activation; none where the last layer is the output. */
  outputs?: number;
  /** First values of the kernels. */
  initializer: 'glorotNormal' | 'heNormal';
  /** Whether a batch normalisation follows each dense layer. */
  normalized: boolean;
  /**
   * `plain`: relu(normalise(dense(x))). `block`: relu(x + F(x)) as in He et al. (2015), F being dense,
   * normalise, relu, dense, normalise. `scaled`: x + scale · dense(relu(normalise(x))).
   */
  kind: 'plain' | 'block' | 'scaled';
  /** Factor of the branch in `scaled`; default 1. */
  residualScale?: number;
  /** Seed of the first weights. */
  seed: number;
}

/** Names of the layers whose outputs are the states between layers, the input's first: `state0`, … */
export function stateNames(depth: number): string[] {
  return Array.from({ length: depth + 1 }, (_, i) => `state${i}`);
}

/** A model of equal dense layers, plain or residual; the state after layer i is called `state{i}`. */
export function denseStack(options: DenseStackOptions): Model {
  const { inputs, width, depth, outputs, initializer, normalized, seed, kind } = options;
  const { residualScale = 1 } = options;
  clearNames();
  setRandomSeed(seed);
  const image = input({ shape: [inputs] });
  const named = (x: SymbolicTensor, i: number) =>
    lambda((value) => ops.affine(value, 1), { name: `state${i}` })(x);
  const linear = (x: SymbolicTensor, i: string) =>
    dense({
      units: width,
      kernelInitializer: initializer,
      useBias: !normalized,
      name: `dense${i}`,
    })(x);
  const normalize = (x: SymbolicTensor) =>
    normalized ? batchNormalization({ epsilon: 1e-5 })(x) : x;
  const layers: Record<
    DenseStackOptions['kind'],
    (x: SymbolicTensor, i: number) => SymbolicTensor
  > = {
    plain: (x, i) => activation('relu')(normalize(linear(x, `${i}`))),
    block(x, i) {
      const inner = activation('relu')(normalize(linear(x, `${i}a`)));
      return activation('relu')(add()([x, normalize(linear(inner, `${i}b`))]));
    },
    scaled(x, i) {
      const branch = linear(activation('relu')(normalize(x)), `${i}`);
      return add()([x, lambda((value) => ops.affine(value, residualScale))(branch)]);
    },
  };
  let x = inputs === width ? image : linear(image, '0');
  x = named(x, 0);
  for (let i = 1; i <= depth; i++) {
    x = layers[kind](x, i);
    x = named(x, i);
  }
  if (outputs !== undefined)
    x = dense({ units: outputs, kernelInitializer: initializer, name: 'end' })(x);
  return new Model({ inputs: image, outputs: x });
}

/**
 * A loss that is the output itself, times random signs that come as targets: its gradient with respect to
 * the output does not depend on the network.
 */
export const randomProjection: CompileOptions['loss'] = (prediction, target) =>
  ops.sum(ops.multiply(prediction, target), [1]);

/** Standard normal inputs and targets. */
export function normalSamples(
  count: number,
  inputs: number,
  targets: number,
  seed: number,
): ArrayDataset {
  const random = new Random(seed, [0x6c6162]);
  const draw = (size: number) => Float32Array.from({ length: size }, () => random.normal());
  return new ArrayDataset({
    inputs: { data: draw(count * inputs), shape: [count, inputs] },
    targets: { data: draw(count * targets), shape: [count, targets] },
  });
}
