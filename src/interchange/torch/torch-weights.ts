import { ValueError } from '../../core/errors.js';
import type { Shape } from '../../core/shape.js';
import type { Variable } from '../../graph/variable.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { isNetworkLayer, type Network } from '../../network/network.js';
import { flattenedOrders } from './flattened-orders.js';

/** A weight of a model and the tensor that PyTorch keeps it in. */
export interface TorchWeight {
  /** Key in the state dictionary, such as `layer1.0.conv1.weight`. */
  readonly key: string;
  /** Layer with the models around it, as in `outer/inner`. */
  readonly layer: string;
  /** The weight; undefined where PyTorch has one and the layer has none. */
  readonly variable: Variable | undefined;
  /** What a weight that the layer lacks must be everywhere. */
  readonly constant: number;
  /** Shape in the state dictionary. */
  readonly shape: Shape;
  /** Our values are read as an array of this shape … */
  readonly from: Shape;
  /** … whose axes in this order are PyTorch's. */
  readonly axes: readonly number[];
}

/** A layer with weights, and where PyTorch keeps it. */
export interface TorchModule {
  /** Path of the module, such as `layer1.0.conv1`. */
  readonly module: string;
  readonly layer: Layer;
  readonly path: string;
  /** [height, width, channels] of the flattened images that it works on, if any. */
  readonly order: Shape | undefined;
}

/** Every layer with weights once, those of nested models too. */
function* weightedLayers(network: Network, prefix: string): Generator<Omit<TorchModule, 'module'>> {
  const orders = flattenedOrders(network);
  for (const layer of network.layers) {
    const path = `${prefix}${layer.name}`;
    if (isNetworkLayer(layer)) yield* weightedLayers(layer.network, `${path}/`);
    else if (layer.weights.length > 0) yield { layer, path, order: orders.get(layer) };
  }
}

/**
 * Where PyTorch keeps the layers of a model.
 * @param names module paths by layer; by default the layer's name, behind those of the models around it.
 * @throws {ValueError} when two layers would share a module, or a layer has no counterpart.
 */
export function torchModules(model: Model, names?: ReadonlyMap<Layer, string>): TorchModule[] {
  const modules: TorchModule[] = [];
  const taken = new Map<string, string>();
  const seen = new Set<Layer>();
  for (const found of weightedLayers(model.network, '')) {
    if (seen.has(found.layer)) continue;
    seen.add(found.layer);
    const module = names?.get(found.layer) ?? found.path.replaceAll('/', '.');
    const other = taken.get(module);
    if (other !== undefined) {
      throw new ValueError(
        `layers '${other}' and '${found.path}' would both be '${module}' in PyTorch; rename one`,
      );
    }
    taken.set(module, found.path);
    modules.push({ module, ...found });
  }
  return modules;
}

type Layout = Pick<TorchWeight, 'shape' | 'from' | 'axes'>;

/** A vector over channels, or over flattened images. */
function vectorLayout(size: number, order: Shape | undefined): Layout {
  if (order === undefined) return { shape: [size], from: [size], axes: [0] };
  return { shape: [size], from: order, axes: [2, 0, 1] };
}

/** A matrix [in, out], whose inputs may be flattened images. */
function matrixLayout([inputs, outputs]: Shape, order: Shape | undefined): Layout {
  const shape = [outputs, inputs];
  if (order === undefined) return { shape, from: [inputs, outputs], axes: [1, 0] };
  return { shape, from: [...order, outputs], axes: [3, 2, 0, 1] };
}

/** A kernel [height, width, in, out]. */
function kernelLayout([height, width, inputs, outputs]: Shape): Layout {
  return {
    shape: [outputs, inputs, height, width],
    from: [height, width, inputs, outputs],
    axes: [3, 2, 0, 1],
  };
}

const NORMALIZATION = [
  ['weight', 'gamma', 1],
  ['bias', 'beta', 0],
  ['running_mean', 'movingMean', 0],
  ['running_var', 'movingVariance', 1],
] as const;

/**
 * The tensors of a module in PyTorch.
 * @throws {ValueError} for a layer that has no counterpart.
 */
export function torchWeights({ module, layer, path, order }: TorchModule): TorchWeight[] {
  const weight = (name: string) => layer.weights.find((variable) => variable.name === name);
  const entry = (name: string, variable: Variable | undefined, layout: Layout, constant = 0) => ({
    key: `${module}.${name}`,
    layer: path,
    variable,
    constant,
    ...layout,
  });
  if (layer.className === 'BatchNormalization') {
    const size = layer.weights[0].size;
    return NORMALIZATION.map(([name, ours, constant]) =>
      entry(name, weight(ours), vectorLayout(size, order), constant),
    );
  }
  const kernel = weight('kernel');
  if ((layer.className !== 'Conv2D' && layer.className !== 'Dense') || kernel === undefined) {
    throw new ValueError(
      `layer '${path}' (${layer.className}) has no counterpart in PyTorch here; Conv2D, Dense and BatchNormalization have`,
    );
  }
  const layout =
    layer.className === 'Conv2D' ? kernelLayout(kernel.shape) : matrixLayout(kernel.shape, order);
  const bias = weight('bias');
  const entries = [entry('weight', kernel, layout)];
  if (bias !== undefined) entries.push(entry('bias', bias, vectorLayout(bias.size, undefined)));
  return entries;
}
