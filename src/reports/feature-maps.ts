import { ShapeError, UnknownNameError } from '../core/errors.js';
import type { SampleArray } from '../data/array-dataset.js';
import { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';

/** What a layer gave. */
export interface FeatureMaps {
  /** Name of the layer. */
  readonly layer: string;
  /** `[N, ...]`. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/**
 * The outputs of some layers for some samples, in inference mode.
 * @param x samples of the only input. @param layers names of layers.
 * @throws {UnknownNameError} for a layer that there is not. @throws {ShapeError} for several inputs.
 */
export async function featureMaps(
  model: Model,
  x: SampleArray,
  layers: readonly string[],
  options: ExecutorOptions = {},
): Promise<FeatureMaps[]> {
  const { network } = model;
  if (network.inputs.length !== 1) {
    throw new ShapeError(
      `feature maps need a model with one input, '${model.name}' has ${network.inputs.length}`,
    );
  }
  const outputs = layers.map((layer) => {
    const node = network.nodes.find((one) => one.layer.name === layer);
    if (node === undefined) {
      throw new UnknownNameError(
        'layer',
        layer,
        network.layers.map(({ name }) => name),
      );
    }
    return node.outputs[0];
  });
  if (outputs.length === 0) return [];
  const part = new Model({ inputs: network.inputs, outputs });
  try {
    part.compile({ loss: 'mse', ...options });
    const found = await part.predictAll(x, { batchSize: x.shape[0] });
    return found.map(({ data, shape }, i) => ({ layer: layers[i], shape, data }));
  } finally {
    await part.dispose();
  }
}
