import type { Dataset } from '../data/dataset.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { Model } from './model.js';
import type { Prediction, RunOptions, Samples } from './model-options.js';

/**
 * Outputs of layers for every sample, in inference mode.
 * @param model the model, whose weights are read where they are. @param x a data set or samples.
 * @param layers names of layers of the model, in any order.
 * @returns arrays `[samples, ...]` by layer; of a shared layer, the output of its first call.
 * @throws {UnknownNameError} for a layer that there is not. @throws {ShapeError} when data does not fit.
 */
export async function readActivations(
  model: Model,
  x: Dataset | Samples,
  layers: readonly string[],
  options: RunOptions = {},
): Promise<Map<string, Prediction>> {
  const names = [...new Set(layers)];
  const outputs = names.map((name): SymbolicTensor => {
    const layer = model.getLayer(name);
    const node = model.network.nodes.find((one) => one.layer === layer);
    return (node?.outputs ?? [])[0];
  });
  const reader = new Model({
    inputs: model.network.inputs,
    outputs,
    name: `${model.name}_activations`,
  });
  try {
    const predictions = await reader.predictAll(x, options);
    return new Map(names.map((name, i) => [name, predictions[i]]));
  } finally {
    await reader.dispose();
  }
}
