import type { CallNode, SymbolicTensor } from '../graph/symbolic-tensor.js';
import type { Layer } from '../layers/layer.js';
import { isNetworkLayer, type Network } from './network.js';

/** A tensor in a config: name of the layer, which call of it, which output of the call. */
export type TensorReference = readonly [layer: string, call: number, index: number];

/** A layer in a config. */
export interface LayerEntry {
  readonly className: string;
  readonly name: string;
  readonly trainable: boolean;
  /** Options of the layer; of a nested model its own network config. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The inputs of each call, in order; none for an input layer. */
  readonly calls: readonly (readonly TensorReference[])[];
}

/** The structure of a network as plain data, ready for JSON; weights are not in it. */
export interface NetworkConfig {
  readonly name: string;
  /** In the order of Keras's `model.layers`. */
  readonly layers: readonly LayerEntry[];
  readonly inputs: readonly TensorReference[];
  readonly outputs: readonly TensorReference[];
}

/** Calls of each layer within the network, in the order in which they were made. */
function callsByLayer(network: Network): Map<unknown, CallNode[]> {
  const calls = new Map<unknown, CallNode[]>();
  for (const node of network.nodes) {
    const list = calls.get(node.layer) ?? [];
    list.push(node);
    calls.set(node.layer, list);
  }
  for (const list of calls.values()) list.sort((a, b) => a.call - b.call);
  return calls;
}

/**
 * The name of every tensor in files and tables: layer, call and index, where calls count within the
 * network, since a layer may have been called elsewhere too.
 */
export function tensorReferences(network: Network): (tensor: SymbolicTensor) => TensorReference {
  const numbers = new Map<CallNode, number>();
  for (const list of callsByLayer(network).values()) {
    list.forEach((node, i) => {
      numbers.set(node, i);
    });
  }
  return ({ name, node, index }) => [name, numbers.get(node) ?? 0, index];
}

/** Describes a network as plain data, nested models included. */
export function networkToConfig(network: Network): NetworkConfig {
  const calls = callsByLayer(network);
  const reference = tensorReferences(network);
  const entry = (layer: Layer): LayerEntry => ({
    className: layer.className,
    name: layer.name,
    trainable: layer.trainable,
    config: isNetworkLayer(layer) ? { ...networkToConfig(layer.network) } : layer.getConfig(),
    calls: (calls.get(layer) ?? [])
      .filter((node) => node.inputs.length > 0)
      .map((node) => node.inputs.map(reference)),
  });
  return {
    name: network.name,
    layers: network.layers.map(entry),
    inputs: network.inputs.map(reference),
    outputs: network.outputs.map(reference),
  };
}
