import {
  activation,
  add,
  averagePooling2d,
  batchNormalization,
  clearNames,
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
  reshape,
  type SymbolicTensor,
  subtract,
} from '../../src/node.js';
import { normals } from '../conformance/test-data.js';

/** A 3×3 convolution between 1×1 ones, with or without a projection, as in the article. */
function bottleneck(x: SymbolicTensor, filters: number, strides: number): SymbolicTensor {
  let y = conv2d({ filters, kernelSize: 1, strides })(x);
  y = activation('relu')(batchNormalization()(y));
  y = conv2d({ filters, kernelSize: 3, padding: 'same' })(y);
  y = activation('relu')(batchNormalization()(y));
  y = batchNormalization()(conv2d({ filters: 96, kernelSize: 1 })(y));
  const projects = strides > 1 || x.shape[x.shape.length - 1] !== 96;
  const shortcut = projects
    ? batchNormalization()(conv2d({ filters: 96, kernelSize: 1, strides })(x))
    : x;
  return activation('relu')(add()([y, shortcut]));
}

/** Networks that together use everything that has a form as a graph, by what they are for. */
const builders: Record<string, () => Model> = {
  'bottlenecks on maps of 6×6, 3×3 and 2×2, tap by tap': () => {
    const inputs = input({ shape: [6, 6, 5] });
    let y = bottleneck(bottleneck(inputs, 64, 1), 64, 1);
    y = bottleneck(bottleneck(y, 64, 2), 64, 2);
    const outputs = dense({ units: 4, activation: 'softmax' })(flatten()(y));
    return new Model({ inputs, outputs });
  },
  'strides, dilation, groups and both paddings': () => {
    const inputs = input({ shape: [11, 10, 4] });
    let y = conv2d({ filters: 6, kernelSize: [3, 2], strides: 2, padding: 'same' })(inputs);
    y = batchNormalization({ scale: false })(y);
    y = conv2d({ filters: 8, kernelSize: 3, groups: 2, padding: 'same', useBias: false })(y);
    y = batchNormalization({ center: false, scale: false })(y);
    y = conv2d({ filters: 3, kernelSize: 2, dilationRate: 2, activation: 'tanh' })(y);
    return new Model({ inputs, outputs: conv2d({ filters: 2, kernelSize: 2, strides: 3 })(y) });
  },
  'normalisation in front, and a convolution that is read twice': () => {
    const inputs = input({ shape: [5, 4, 3] });
    const start = activation('relu')(batchNormalization()(inputs));
    const y = conv2d({ filters: 3, kernelSize: 3, padding: 'same' })(start);
    const normal = activation('sigmoid')(batchNormalization()(y));
    const outputs = [add()([normal, inputs]), batchNormalization()(activation('relu')(y))];
    return new Model({ inputs, outputs });
  },
  'pooling, merging and reshaping': () => {
    const inputs = input({ shape: [7, 6, 3] });
    const a = maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })(inputs);
    const b = averagePooling2d({ poolSize: [2, 3], strides: 2, padding: 'same' })(inputs);
    const merged = concatenate()([multiply()([a, b]), subtract()([a, b])]);
    const y = lambda((x) => ops.affine(ops.sqrt(ops.square(x)), 0.5, -0.25))(merged);
    const vector = concatenate()([globalAveragePooling2d()(y), globalMaxPooling2d()(y)]);
    const hidden = dense({ units: 6, activation: 'tanh' })(dropout({ rate: 0.5 })(vector));
    const outputs = dense({ units: 4, useBias: false })(reshape({ targetShape: [6] })(hidden));
    return new Model({ inputs, outputs });
  },
};

/** Titles of the networks. */
export const graphModelTitles = Object.keys(builders);

/** A network by its title, with weights that leave nothing at its default. */
export function graphModel(title: string): Model {
  clearNames();
  const model = builders[title]();
  for (const { entry, variable } of model.namedVariables) {
    const values = normals(entry, variable.size);
    const isVariance = entry.endsWith('movingVariance');
    variable.write(values.map((value) => (isVariance ? 0.5 + Math.abs(value) : 0.3 * value)));
  }
  return model;
}
