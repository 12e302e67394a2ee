import { GraphError } from '../core/errors.js';
import { SymbolicTensor } from '../graph/symbolic-tensor.js';
import type { Layer, TensorOrList } from '../layers/layer.js';
import { Model } from './model.js';

/**
 * What takes the place of a layer's call.
 * @param layer the layer. @param inputs what it is to be called on, in the new model.
 * @returns the result in the new model, or undefined to call the layer itself.
 */
export type Rewiring = (
  layer: Layer,
  inputs: readonly SymbolicTensor[],
) => TensorOrList | undefined;

/**
 * A model with some calls replaced, such as a block left out or a layer put in between. All layers that
 * stay are shared with the old model, weights included: training one changes the other. Nested models are
 * one layer.
 * @param name name of the new model; default the old one's.
 * @throws {GraphError} when a replacement gives another number of tensors. @throws {ShapeError} when it
 * does not fit what follows.
 */
export function rewire(model: Model, replace: Rewiring, name = model.name): Model {
  const { network } = model;
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const made = new Map<SymbolicTensor, SymbolicTensor>();
  const lookUp = (tensor: SymbolicTensor) => made.get(tensor) as SymbolicTensor;
  for (const node of network.nodes) {
    const layer = layers.get(node.layer.name) as Layer;
    const inputs = node.inputs.map(lookUp);
    const isInput = inputs.length === 0;
    const replaced = isInput ? node.outputs : replace(layer, inputs);
    const outputs = replaced === undefined ? layer.connect(inputs) : listOf(replaced);
    if (outputs.length !== node.outputs.length) {
      throw new GraphError(
        `layer '${layer.name}' gives ${node.outputs.length} tensors, but was replaced by ${outputs.length}`,
      );
    }
    node.outputs.forEach((tensor, i) => {
      made.set(tensor, outputs[i]);
    });
  }
  return new Model({ inputs: network.inputs, outputs: network.outputs.map(lookUp), name });
}

function listOf(tensors: TensorOrList): readonly SymbolicTensor[] {
  return tensors instanceof SymbolicTensor ? [tensors] : tensors;
}
