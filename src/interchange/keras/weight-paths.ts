import { FormatError } from '../../core/errors.js';
import { InputLayer } from '../../layers/input-layer.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { Sequential } from '../../models/sequential.js';
import { isNetworkLayer, type Network, type NetworkLayer } from '../../network/network.js';
import { classToSnakeCase } from './keras-json.js';

/** Layers of a model by name and class in the order of Keras's `model.layers`, with those of models in it. */
export type LayerOrder = readonly {
  readonly name: string;
  readonly className: string;
  readonly order?: LayerOrder;
}[];

/** Whether Keras can hold the model as a Sequential: one layer after the other, none of them twice. */
export function isChain(model: NetworkLayer): boolean {
  const { nodes, layers } = model.network;
  return model instanceof Sequential && nodes.length === layers.length;
}

/** A layer and its group in a weight file. */
export interface LayerPath {
  readonly layer: Layer;
  /** Such as `layers/conv2d_3` or `layers/functional/layers/dense`. */
  readonly path: string;
}

/** The order of layers in which Keras writes a model; a sequential model does not count its input. */
export function layerOrderOf(model: NetworkLayer): LayerOrder {
  const { layers } = model.network;
  const listed = isChain(model) ? layers.filter((one) => !(one instanceof InputLayer)) : layers;
  return listed.map((layer) => {
    const { name, className } = layer;
    if (!isNetworkLayer(layer)) return { name, className };
    const kind = isChain(layer) ? 'Sequential' : 'Functional';
    return { name, className: kind, order: layerOrderOf(layer) };
  });
}

/**
 * The group of every layer in a Keras 3 weight file: `layers/<class in snake case>`, with a number from the
 * second layer of a class on, counted over the layers of one model in Keras's order. Names of layers
 * play no part. A layer that several models share has its group where it is met first.
 * @throws {FormatError} when the order names a layer that the model does not have.
 */
export function layerPaths(model: Model, order: LayerOrder = layerOrderOf(model)): LayerPath[] {
  const paths: LayerPath[] = [];
  const visited = new Set<Layer>();
  const walk = (network: Network, list: LayerOrder, prefix: string): void => {
    const byName = new Map(network.layers.map((layer) => [layer.name, layer]));
    const counts = new Map<string, number>();
    for (const { name, className, order: inner } of list) {
      const base = classToSnakeCase(className);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      const layer = byName.get(name);
      if (layer === undefined) throw new FormatError(`the model has no layer '${name}'`);
      if (visited.has(layer)) continue;
      visited.add(layer);
      const path = `${prefix}layers/${count === 0 ? base : `${base}_${count}`}`;
      paths.push({ layer, path });
      if (inner !== undefined && isNetworkLayer(layer)) walk(layer.network, inner, `${path}/`);
    }
  };
  walk(model.network, order, '');
  return paths;
}
