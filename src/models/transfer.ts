import { GraphError } from '../core/errors.js';

import type { ActivationName } from '../layers/activations.js';
import { Dense, dense } from '../layers/dense.js';
import { dropout } from '../layers/dropout.js';
import { Model } from './model.js';

/** Options of {@link replaceHead}. */
export interface ReplaceHeadOptions {
  /** Classes of the new task. */
  readonly classes: number;
  /** Of the new layer; default `softmax`. */
  readonly activation?: ActivationName;
  /** Share of the features that are dropped in training before it; default 0, none. */
  readonly dropout?: number;
  /** Name of the new layer; default `head`. */
  readonly name?: string;
}

/**
 * A model with a new dense layer in place of its last one and of what comes after that, for another task.
 * All other layers are shared with the old model, weights included.
 *
 *     const model = freeze(replaceHead(pretrained, { classes: 3 }), { except: ['head'] });
 *     model.compile({ loss: 'categoricalCrossentropy' });
 *     await model.fit(data);               // the new layer only
 *     thaw(model, { from: 'res5a' });      // then the last blocks too
 *     model.compile({ optimizer: adam({ learningRate: 1e-4 }), loss: 'categoricalCrossentropy' });
 *
 * @throws {GraphError} when the model has several outputs or no dense layer to replace.
 */
export function replaceHead(model: Model, options: ReplaceHeadOptions): Model {
  const { classes, activation = 'softmax', name = 'head' } = options;
  const { network } = model;
  if (network.outputs.length !== 1) {
    throw new GraphError(
      `model '${model.name}' has ${network.outputs.length} outputs; build the new heads by rewire().`,
    );
  }
  const last = network.nodes.filter(({ layer }) => layer instanceof Dense).at(-1);
  if (last === undefined || last.inputs.length !== 1) {
    throw new GraphError(
      `model '${model.name}' has no dense layer to replace; build the new head on model.network.outputs.`,
    );
  }
  let features = last.inputs[0];
  if (options.dropout !== undefined && options.dropout > 0) {
    features = dropout({ rate: options.dropout, name: `${name}_dropout` })(features);
  }
  const outputs = dense({ units: classes, activation, name })(features);
  return new Model({ inputs: network.inputs, outputs, name: model.name });
}

/** Options of {@link freeze}. */
export interface FreezeOptions {
  /** Names of layers that go on to learn; default none. */
  readonly except?: readonly string[];
}

/**
 * Keeps the weights of a model's layers as they are; a frozen batch normalization uses its moving
 * statistics and leaves them alone. Takes effect at the next step. Returns the model.
 * @throws {UnknownNameError} for a layer that there is not.
 */
export function freeze(model: Model, options: FreezeOptions = {}): Model {
  const { except = [] } = options;
  const kept = new Set(except.map((name) => model.getLayer(name)));
  for (const layer of model.layers) layer.trainable = kept.has(layer);
  return model;
}

/** Options of {@link thaw}. */
export interface ThawOptions {
  /** Name of the first layer, in the order of `model.layers`, that learns again; default all. */
  readonly from?: string;
}

/**
 * Lets layers learn again, from one on to the end. Takes effect at the next step. Returns the model.
 * @throws {UnknownNameError} for a layer that there is not.
 */
export function thaw(model: Model, options: ThawOptions = {}): Model {
  const { from } = options;
  const first = from === undefined ? 0 : model.layers.indexOf(model.getLayer(from));
  model.layers.slice(first).forEach((layer) => {
    layer.trainable = true;
  });
  return model;
}
