import {
  activation,
  add,
  averagePooling2d,
  batchNormalization,
  concatenate,
  conv2d,
  dense,
  dropout,
  flatten,
  globalAveragePooling2d,
  globalMaxPooling2d,
  input,
  lambda,
  Model,
  maxPooling2d,
  multiply,
  ops,
  Random,
  reshape,
  type SymbolicTensor,
  softmax,
  subtract,
  zeroPadding2d,
} from '../../src/node.js';

/** Gives every weight random values, so that no bias or statistic is at its trivial first value. */
export async function scatterWeights(model: Model, seed: number): Promise<Model> {
  const random = new Random(seed);
  const arrays = await model.getWeights();
  const names = model.namedVariables.map(({ entry }) => entry);
  await model.setWeights(
    arrays.map(({ data }, i) => {
      const isVariance = names[i].endsWith('movingVariance');
      const isScale = names[i].endsWith('gamma');
      return data.map((value) => {
        if (isVariance) return 0.5 + random.uniform();
        if (isScale) return 0.8 + 0.4 * random.uniform();
        return value === 0 ? 0.2 * random.normal() : value;
      });
    }),
  );
  return model;
}

function model(
  shape: readonly number[],
  build: (x: SymbolicTensor) => SymbolicTensor | SymbolicTensor[],
) {
  const inputs = input({ shape });
  return new Model({ inputs, outputs: build(inputs) });
}

/** Small networks that together use every layer, all paddings, strides and layouts. */
export const onnxNetworks: Readonly<Record<string, () => Model>> = {
  'same padding, stride 2, odd and even sizes': () =>
    model([13, 10, 3], (x) => {
      let y = conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same' })(x);
      y = conv2d({ filters: 8, kernelSize: [2, 3], strides: [1, 2], padding: 'same' })(y);
      y = maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })(y);
      return averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' })(y);
    }),
  'a stride larger than the kernel': () =>
    model([11, 11, 2], (x) =>
      maxPooling2d({ poolSize: 1, strides: 2, padding: 'same' })(
        conv2d({ filters: 4, kernelSize: 1, strides: 3, padding: 'same' })(x),
      ),
    ),
  'dilation and groups': () =>
    model([12, 12, 4], (x) =>
      conv2d({ filters: 6, kernelSize: 3, groups: 2, useBias: false })(
        conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same' })(x),
      ),
    ),
  'a residual block with padding and normalisation': () =>
    model([9, 9, 3], (x) => {
      let y = conv2d({ filters: 6, kernelSize: 3, strides: 2 })(
        zeroPadding2d({
          padding: [
            [1, 2],
            [0, 1],
          ],
        })(x),
      );
      y = activation('relu')(batchNormalization()(y));
      const z = batchNormalization({ scale: false })(
        conv2d({ filters: 6, kernelSize: 3, padding: 'same', useBias: false })(y),
      );
      const sum = activation('relu')(add()([z, y]));
      const pooled = globalAveragePooling2d()(sum);
      return dense({ units: 5, activation: 'softmax' })(pooled);
    }),
  'flattened images': () =>
    model([6, 6, 2], (x) => {
      const y = conv2d({ filters: 3, kernelSize: 3, activation: 'relu' })(x);
      return dense({ units: 4 })(flatten()(y));
    }),
  'joined and gated branches, two outputs': () =>
    model([8, 8, 3], (x) => {
      const a = conv2d({ filters: 4, kernelSize: 1, activation: 'tanh' })(x);
      const b = conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'sigmoid' })(x);
      const gate = dense({ units: 4, activation: 'sigmoid' })(
        reshape({ targetShape: [1, 1, 4] })(globalAveragePooling2d()(a)),
      );
      const joined = concatenate()([multiply()([b, gate]), subtract()([a, b])]);
      return [globalMaxPooling2d()(joined), softmax()(joined)];
    }),
  'functions of the user': () =>
    model([7, 6, 3], (x) => {
      const { affine, slice, pad, mean, sum, sqrt, square, abs, exp, log, negate } = ops;
      const y = lambda((v) =>
        pad(slice(affine(v, 0.5, 0.25), [1, 0, 0], [3, 3, 3], [2, 2, 1]), [
          [1, 0],
          [0, 2],
          [0, 1],
        ]),
      )(conv2d({ filters: 3, kernelSize: 1 })(x));
      const z = lambda((v) => log(affine(exp(negate(abs(v))), 1, 1)))(y);
      const norm = lambda((v) => sqrt(sum(square(v), [3], true)))(z);
      const scaled = lambda((v, n) => ops.divide(v, affine(n, 1, 1)))([z, norm]);
      const rows = lambda((v) => mean(ops.stopGradient(v), [2]))(scaled);
      return lambda((v) => ops.broadcastTo(sum(v, [1], true), [v.shape[0], 5, v.shape[2]]))(rows);
    }),
  'weights shared by two calls': () =>
    model([8, 8, 4], (x) => {
      const shared = conv2d({ filters: 4, kernelSize: 3, padding: 'same' });
      const norm = batchNormalization();
      return add()([norm(shared(x)), norm(shared(shared(x)))]);
    }),
  'dense layers and dropout on sequences': () =>
    model([5, 3], (x) =>
      batchNormalization()(dropout({ rate: 0.5 })(dense({ units: 7, activation: 'relu' })(x))),
    ),
  'an output that is an input': () => {
    const a = input({ shape: [4] });
    const b = input({ shape: [4] });
    const sum = add()([a, b]);
    return new Model({ inputs: [a, b], outputs: [sum, a, sum] });
  },
};
