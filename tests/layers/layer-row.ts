import type { Shape } from '../../src/core/shape.js';
import { concatenate } from '../../src/layers/concatenate.js';
import { dense } from '../../src/layers/dense.js';
import { flatten } from '../../src/layers/flatten.js';
import { InputLayer, input } from '../../src/layers/input-layer.js';
import type { LambdaFunction } from '../../src/layers/lambda.js';
import type { Layer } from '../../src/layers/layer.js';
import { Model } from '../../src/models/model.js';
import { normals, positives } from '../conformance/test-data.js';

/** One layer in one setting, and what it must do. Shapes are without the batch. */
export interface LayerRow {
  readonly className: string;
  readonly title: string;
  readonly inputs: readonly Shape[];
  /** Makes the layer under the name `SUBJECT`. */
  make(): Layer;
  readonly output: Shape;
  /** Number of values in all weights. */
  readonly parameters: number;
  /** Function of a lambda layer, which files do not hold. */
  readonly lambda?: LambdaFunction;
}

/** Name of the layer that a row is about. */
export const SUBJECT = 'subject';

/** Classes that the models tell apart. */
export const CLASSES = 3;

/**
 * A model around the layer: every input passes a dense layer, so that gradients go through the layer,
 * and its result is classified. All weights are drawn, so that none is 0 or 1 by rule.
 */
export async function buildModel(row: LayerRow): Promise<Model> {
  const inputs = row.inputs.map((shape, i) => input({ shape, name: `input${i}` }));
  const tensors = inputs.map((tensor, i) => {
    const channels = tensor.sampleShape[tensor.sampleShape.length - 1];
    return dense({ units: channels, name: `before${i}` })(tensor);
  });
  const layer = row.make();
  const isInput = layer instanceof InputLayer;
  if (isInput) inputs.push(layer.output);
  const result = isInput ? layer.output : layer(tensors.length === 1 ? tensors[0] : tensors);
  const flat = flatten({ name: 'flat' })(result);
  // A second path keeps the loss dependent on x where the layer's result does not depend on it.
  const all =
    tensors.length === 0
      ? flat
      : concatenate({ name: 'joined' })([flat, flatten({ name: 'around' })(tensors[0])]);
  const outputs = dense({ units: CLASSES, activation: 'softmax', name: 'head' })(all);
  const model = new Model({ inputs, outputs, name: 'model' });
  for (const { entry, variable } of model.namedVariables) {
    const isVariance = variable.name === 'movingVariance';
    variable.write((isVariance ? positives : normals)(entry, variable.size).map((v) => v / 2));
  }
  return model;
}
