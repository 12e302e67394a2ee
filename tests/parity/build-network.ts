import {
  activation,
  adam,
  add,
  averagePooling2d,
  batchNormalization,
  categoricalCrossentropy,
  concatenate,
  conv2d,
  dense,
  dropout,
  flatten,
  globalAveragePooling2d,
  input,
  type Layer,
  type Loss,
  Model,
  maxPooling2d,
  meanSquaredError,
  multiply,
  type Optimizer,
  type SymbolicTensor,
  sgd,
  sparseCategoricalCrossentropy,
  zeroPadding2d,
} from '../../src/node.js';
import type { FixtureDescription, FixtureLayer } from './fixture.js';

type Options = Record<string, never>;

const factories: Record<string, (options: Options) => Layer> = {
  Conv2D: (options) => conv2d(options as never),
  BatchNormalization: batchNormalization,
  Activation: ({ activation: name, ...options }) => activation(name, options),
  Add: add,
  Multiply: multiply,
  Concatenate: concatenate,
  ZeroPadding2D: zeroPadding2d,
  MaxPooling2D: maxPooling2d,
  AveragePooling2D: averagePooling2d,
  GlobalAveragePooling2D: globalAveragePooling2d,
  Flatten: flatten,
  Dense: (options) => dense(options as never),
  Dropout: (options) => dropout(options as never),
};

const losses: Record<string, (options: { fromLogits: boolean }) => Loss> = {
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  meanSquaredError,
};

function makeLayer({ name, class: className, config, trainable = true }: FixtureLayer): Layer {
  return factories[className]({ ...config, name, trainable } as unknown as Options);
}

/** The network of a fixture, built through the functional API. */
export function buildNetwork(description: FixtureDescription): Model {
  const tensors = new Map<string, SymbolicTensor>();
  const tensor = (name: string) => tensors.get(name) as SymbolicTensor;
  for (const { name, shape } of description.inputs) tensors.set(name, input({ name, shape }));
  const layers = new Map(description.layers.map((layer) => [layer.name, makeLayer(layer)]));
  for (const { name, layer, inputs } of description.calls) {
    const sources = inputs.map(tensor);
    tensors.set(name, (layers.get(layer) as Layer)(sources.length === 1 ? sources[0] : sources));
  }
  return new Model({
    name: description.name,
    inputs: description.inputs.map(({ name }) => tensor(name)),
    outputs: description.outputs.map(({ call }) => tensor(call)),
  });
}

/** Loss and optimizer of a fixture, as options of `compile`. */
export function compileOptions(description: FixtureDescription): {
  loss: Loss[];
  lossWeights: number[];
  optimizer: Optimizer;
} {
  const { class: className, ...options } = description.optimizer;
  return {
    loss: description.outputs.map(({ loss, fromLogits }) => losses[loss]({ fromLogits })),
    lossWeights: description.outputs.map(({ lossWeight }) => lossWeight),
    optimizer: className === 'Adam' ? adam(options) : sgd(options),
  };
}
