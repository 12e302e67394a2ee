import type { CallNode } from '../graph/symbolic-tensor.js';
import { isNetworkLayer, type Network } from '../network/network.js';
import { type LayerKind, layerKind, layerPhrase } from './layer-phrase.js';

/** A call of a layer, as a drawing sees it. */
export interface GraphNode {
  /** Place in the order of execution, from 0. */
  readonly id: number;
  /** Name of the layer. */
  readonly name: string;
  readonly className: string;
  readonly kind: LayerKind;
  /** What it computes, in a few words. */
  readonly phrase: string;
  /** Shapes of the inputs, without the batch. */
  readonly inputShapes: readonly (readonly number[])[];
  /** Shape of the first output, without the batch. */
  readonly outputShape: readonly number[];
  /** Values in the layer's weights. */
  readonly params: number;
  /** Ids of the calls that it takes its inputs from. */
  readonly inputs: readonly number[];
  /** Ids of the calls that use its outputs. */
  readonly consumers: readonly number[];
  /** Whether it gives an output of the model. */
  readonly isOutput: boolean;
}

/** The calls of a network in execution order, as plain data. A nested model is one node. */
export function modelGraph(network: Network): GraphNode[] {
  const ids = new Map<CallNode, number>();
  network.nodes.forEach((node, id) => {
    ids.set(node, id);
  });
  const idOf = (node: CallNode) => ids.get(node) ?? -1;
  const consumers: number[][] = network.nodes.map(() => []);
  network.nodes.forEach((node, id) => {
    for (const { node: source } of node.inputs) consumers[idOf(source)].push(id);
  });
  const outputs = new Set(network.outputs.map((tensor) => tensor.node));
  return network.nodes.map((node, id) => {
    const layer = network.getLayer(node.layer.name);
    const phrase = isNetworkLayer(layer)
      ? `model of ${layer.network.layers.length} layers`
      : layerPhrase(layer);
    return {
      id,
      name: layer.name,
      className: layer.className,
      kind: layerKind(layer.className),
      phrase,
      inputShapes: node.inputs.map((tensor) => tensor.sampleShape),
      outputShape: node.outputs[0].sampleShape,
      params: layer.countParams(),
      inputs: node.inputs.map((tensor) => idOf(tensor.node)),
      consumers: consumers[id],
      isOutput: outputs.has(node),
    };
  });
}

/** `28×28×1`; `scalar` for no axes. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}
