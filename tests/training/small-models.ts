import type { SampleArray } from '../../src/data/array-dataset.js';
import {
  activation,
  add,
  batchNormalization,
  clearNames,
  conv2d,
  dense,
  dropout,
  globalAveragePooling2d,
  input,
  Model,
} from '../../src/node.js';
import { integers, normals } from '../conformance/test-data.js';

/** Classes of the small models. */
export const CLASSES = 3;
/** Shape of their images. */
export const IMAGE = [6, 6, 3];

/** A residual network of one block, with all that makes training depend on order and chance. */
export function residualModel({ rate = 0.25 } = {}): Model {
  clearNames();
  const inputs = input({ shape: IMAGE, name: 'image' });
  const stem = conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'stem' })(inputs);
  const start = activation('relu')(batchNormalization({ name: 'bn_stem' })(stem));
  let y = conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'conv1' })(start);
  y = activation('relu')(batchNormalization({ name: 'bn1' })(y));
  y = conv2d({ filters: 4, kernelSize: 1, name: 'conv2' })(y);
  y = batchNormalization({ name: 'bn2' })(y);
  y = activation('relu')(add()([y, start]));
  y = globalAveragePooling2d()(y);
  if (rate > 0) y = dropout({ rate, name: 'drop' })(y);
  const outputs = dense({ units: CLASSES, activation: 'softmax', name: 'head' })(y);
  return new Model({ inputs, outputs, name: 'residual' });
}

/** A model of two dense layers, which compiles and runs in no time. */
export function denseModel(): Model {
  clearNames();
  const inputs = input({ shape: [4], name: 'features' });
  const hidden = dense({ units: 6, activation: 'tanh', name: 'hidden' })(inputs);
  const outputs = dense({ units: CLASSES, activation: 'softmax', name: 'head' })(hidden);
  return new Model({ inputs, outputs, name: 'dense' });
}

/** Samples of a shape with random labels, as inputs and one-hot targets. */
export function samples(count: number, shape: readonly number[]): [SampleArray, SampleArray] {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = { data: normals('samples', count * size), shape: [count, ...shape] };
  const y = { data: integers('labels', count, CLASSES), shape: [count], oneHot: CLASSES };
  return [x, y];
}

/** All weights by name, copied. */
export async function weightsOf(model: Model): Promise<Map<string, Float32Array>> {
  const weights = new Map<string, Float32Array>();
  for (const { entry, variable } of model.namedVariables) {
    weights.set(entry, (await variable.read()).slice());
  }
  return weights;
}
