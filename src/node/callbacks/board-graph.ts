import type { GraphNode } from '../../formats/tensorboard/encode-graph.js';
import type { CallNode } from '../../graph/symbolic-tensor.js';
import type { Network } from '../../network/network.js';

/** The calls of a network as TensorBoard draws them; a nested model is one node. */
export function boardGraph(network: Network): GraphNode[] {
  const names = new Map<CallNode, string>();
  for (const node of network.nodes) {
    const { layer, call } = node;
    names.set(node, call === 0 ? layer.name : `${layer.name}_${call}`);
  }
  return network.nodes.map((node) => {
    const { className } = network.getLayer(node.layer.name);
    return {
      name: names.get(node) ?? node.layer.name,
      op: className === 'InputLayer' ? 'Placeholder' : className,
      inputs: node.inputs.map((tensor) => names.get(tensor.node) ?? tensor.name),
      shape: [-1, ...node.outputs[0].sampleShape],
    };
  });
}
