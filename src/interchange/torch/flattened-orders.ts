import { ValueError } from '../../core/errors.js';
import type { Shape } from '../../core/shape.js';
import type { SymbolicTensor } from '../../graph/symbolic-tensor.js';
import type { Layer } from '../../layers/layer.js';
import type { Network } from '../../network/network.js';

/** Layers that treat all elements of a vector alike, whatever their order. */
const ORDERLESS = new Set(['Activation', 'Add', 'BatchNormalization', 'Dropout', 'Multiply']);
for (const className of ['ReLU', 'Softmax', 'Subtract']) ORDERLESS.add(className);

/**
 * For the layers that work on flattened images: [height, width, channels] of the images. Here a flattened
 * image is in the order height, width, channels; PyTorch flattens in the order channels, height, width.
 * @throws {ValueError} when a layer makes of such a vector what has no counterpart in the other order.
 */
export function flattenedOrders(network: Network): Map<Layer, Shape> {
  const orders = new Map<SymbolicTensor, Shape>();
  const found = new Map<Layer, Shape>();
  for (const { layer, inputs, outputs } of network.nodes) {
    const { className } = layer as Layer;
    const before = inputs.map((tensor) => orders.get(tensor));
    const order = before.find((shape) => shape !== undefined);
    if (order !== undefined) {
      const alike = before.every((shape) => shape?.join() === order.join());
      if (className !== 'Dense' && !(ORDERLESS.has(className) && alike)) {
        throw new ValueError(
          `layer '${layer.name}' (${className}) cannot be carried to PyTorch: it works on flattened images, which PyTorch flattens in another order; put globalAveragePooling2d() in place of flatten()`,
        );
      }
      found.set(layer as Layer, order);
      if (className !== 'Dense') for (const tensor of outputs) orders.set(tensor, order);
    }
    const [shape] = inputs.map((tensor) => tensor.sampleShape);
    if (className === 'Flatten' && shape.length === 3 && shape[0] * shape[1] > 1 && shape[2] > 1) {
      orders.set(outputs[0], shape);
    }
  }
  return found;
}
