import type { CallNode } from '../graph/symbolic-tensor.js';
import { isNetworkLayer, type Network } from '../network/network.js';

function* callsOf(network: Network): Generator<CallNode> {
  for (const node of network.nodes) {
    yield node;
    const layer = network.getLayer(node.layer.name);
    if (isNetworkLayer(layer)) yield* callsOf(layer.network);
  }
}

/** The first call of every layer of a network, those of nested models too, by layer. */
export function firstCalls(network: Network): Map<CallNode['layer'], CallNode> {
  const calls = new Map<CallNode['layer'], CallNode>();
  for (const node of callsOf(network)) if (!calls.has(node.layer)) calls.set(node.layer, node);
  return calls;
}
