import { ValueError } from '../../core/errors.js';
import type { SymbolicTensor } from '../../graph/symbolic-tensor.js';
import { InputLayer } from '../../layers/input-layer.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { networkToConfig, tensorReferences } from '../../network/config.js';
import { isNetworkLayer, type Network, type NetworkLayer } from '../../network/network.js';
import { type Json, kerasObject } from './keras-json.js';
import { layerOptionsToKeras } from './layer-options.js';
import { isChain } from './weight-paths.js';

const DTYPE = kerasObject('keras', 'DTypePolicy', { name: 'float32' });

function tensorToKeras(tensor: SymbolicTensor, reference: readonly unknown[]): Json {
  return {
    class_name: '__keras_tensor__',
    config: { shape: tensor.shape, dtype: 'float32', keras_history: reference },
  };
}

/** The calls of a layer within a network, as Keras writes them. */
function inboundNodes(network: Network, layer: Layer): Json[] {
  const reference = tensorReferences(network);
  return network.nodes
    .filter((node) => node.layer === layer && node.inputs.length > 0)
    .sort((a, b) => a.call - b.call)
    .map(({ inputs }) => {
      const tensors = inputs.map((tensor) => tensorToKeras(tensor, reference(tensor)));
      return { args: [tensors.length === 1 ? tensors[0] : tensors], kwargs: {} };
    });
}

function inputToKeras(layer: InputLayer): Json {
  const options = {
    batch_shape: layer.output.shape,
    dtype: 'float32',
    sparse: false,
    ragged: false,
    name: layer.name,
    optional: false,
  };
  return kerasObject('keras.layers', 'InputLayer', options);
}

function layerToKeras(layer: Layer): Json {
  if (isNetworkLayer(layer)) return modelObject(layer);
  if (layer instanceof InputLayer) return inputToKeras(layer);
  if (layer.className === 'Lambda') {
    throw new ValueError(
      `layer '${layer.name}' is a Lambda, whose function no file can hold; write it as layers that Keras has`,
    );
  }
  const own = layerOptionsToKeras(layer.className, layer.getConfig(), layer.name);
  const { name, trainable } = layer;
  const config = { name, trainable, dtype: DTYPE, ...own };
  return kerasObject('keras.layers', layer.className, config);
}

function modelObject(model: NetworkLayer): Json {
  const { network, name, trainable } = model;
  if (isChain(model)) {
    const layers = network.nodes.map(({ layer }) => layerToKeras(layer as Layer));
    const shape = network.inputs[0].shape;
    const config = { name, trainable, dtype: DTYPE, layers, build_input_shape: shape };
    return { ...kerasObject('keras', 'Sequential', config), build_config: { input_shape: shape } };
  }
  const layers = network.layers.map((layer) => ({
    ...layerToKeras(layer),
    name: layer.name,
    inbound_nodes: inboundNodes(network, layer),
  }));
  const { inputs, outputs } = networkToConfig(network);
  const config = {
    name,
    trainable,
    layers,
    input_layers: inputs.length === 1 ? inputs[0] : inputs,
    output_layers: outputs.length === 1 ? outputs[0] : outputs,
  };
  return {
    ...kerasObject('keras.src.models.functional', 'Functional', config),
    registered_name: 'Functional',
    build_config: { input_shape: null },
  };
}

/**
 * The structure of a model in Keras's own config format, ready for JSON; `keras.models.model_from_json`
 * and `keras.saving.deserialize_keras_object` read it.
 * @throws {ValueError} for a layer that Keras does not have, and for a lambda.
 */
export function modelToKerasConfig(model: Model): Record<string, unknown> {
  return { ...modelObject(model) };
}
