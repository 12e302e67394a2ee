import type { Hdf5Group } from '../../formats/hdf5/decode-hdf5.js';
import type { Hdf5GroupInput } from '../../formats/hdf5/hdf5-tree.js';
import type { Model } from '../../models/model.js';
import { isNetworkLayer } from '../../network/network.js';
import { type FoundWeight, findWeights } from './weight-matching.js';
import { type LayerOrder, layerPaths } from './weight-paths.js';

/** Writes all weights as `layers/<class>_<k>/vars/<i>`, with a group for layers without weights too. */
export async function writeWeightGroups(model: Model, root: Hdf5GroupInput): Promise<void> {
  root.group('vars').attributes.set('name', model.name);
  for (const { layer, path } of layerPaths(model)) {
    const group = root.group(`${path}/vars`);
    group.attributes.set('name', layer.name);
    if (isNetworkLayer(layer)) continue;
    for (const [i, variable] of layer.weights.entries()) {
      group.dataset(String(i), { shape: variable.shape, data: await variable.read() });
    }
  }
}

/** Looks for every weight of a model in the groups of a Keras 3 weight file. */
export function findInWeightGroups(
  model: Model,
  root: Hdf5Group,
  order?: LayerOrder,
): FoundWeight[] {
  return layerPaths(model, order).flatMap(({ layer, path }) => {
    if (isNetworkLayer(layer) || layer.weights.length === 0) return [];
    const group = root.group(`${path}/vars`);
    return findWeights(root, {
      layer,
      weights: layer.weights,
      paths: layer.weights.map((_, i) => `${path}/vars/${i}`),
      fileLayer: group?.text('name'),
      stored: group?.names.length,
    });
  });
}
