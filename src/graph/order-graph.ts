import { GraphError } from '../core/errors.js';
import type { GraphLayer } from './graph-layer.js';
import type { CallNode, SymbolicTensor } from './symbolic-tensor.js';

/** The calls and layers between the inputs and the outputs of a model. */
export interface OrderedGraph {
  /** Every call, each after those that make its inputs. */
  readonly nodes: readonly CallNode[];
  /** Every layer once, in the order of Keras's `model.layers`. */
  readonly layers: readonly GraphLayer[];
}

/** Every call behind the outputs in post-order, and the layers in the order of their first visit. */
function walk(outputs: readonly SymbolicTensor[]): { nodes: CallNode[]; visited: GraphLayer[] } {
  const nodes: CallNode[] = [];
  const visited = new Set<GraphLayer>();
  const seen = new Set<CallNode>();
  // An explicit stack, because a network of 1,202 layers is deeper than the call stack.
  const stack: { node: CallNode; next: number }[] = [];
  const visit = (node: CallNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    visited.add(node.layer);
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    visit(output.node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length) {
        visit(top.node.inputs[top.next++].node);
      } else {
        nodes.push(top.node);
        stack.pop();
      }
    }
  }
  return { nodes, visited: [...visited] };
}

/**
 * Layers by descending depth, the number of calls between a layer and the outputs, then by first visit.
 * A shared layer counts with its largest depth, and, as in Keras, later looked-at calls of it inherit that.
 */
function sortLayers(nodes: readonly CallNode[], visited: readonly GraphLayer[]): GraphLayer[] {
  const nodeDepths = new Map<CallNode, number>();
  const layerDepths = new Map<GraphLayer, number>();
  for (const node of nodes.toReversed()) {
    const depth = Math.max(nodeDepths.get(node) ?? 0, layerDepths.get(node.layer) ?? 0);
    nodeDepths.set(node, depth);
    layerDepths.set(node.layer, depth);
    for (const { node: parent } of node.inputs) {
      nodeDepths.set(parent, Math.max(depth + 1, nodeDepths.get(parent) ?? 0));
    }
  }
  const depthOf = (layer: GraphLayer) => layerDepths.get(layer) ?? 0;
  return visited.toSorted((a, b) => depthOf(b) - depthOf(a));
}

function checkLeaves(nodes: readonly CallNode[], inputs: readonly SymbolicTensor[]): void {
  const listed = new Set(inputs.map((tensor) => tensor.node));
  const reached = new Set(nodes);
  for (const node of nodes) {
    if (node.inputs.length === 0 && !listed.has(node)) {
      throw new GraphError(
        `the outputs depend on input '${node.layer.name}', which is not among the model's inputs; list it there`,
      );
    }
  }
  for (const tensor of inputs) {
    if (!reached.has(tensor.node)) {
      throw new GraphError(
        `input '${tensor.name}' is not connected to any output of the model; leave it out or use it`,
      );
    }
  }
}

function checkNames(layers: readonly GraphLayer[]): void {
  const names = new Set<string>();
  for (const { name } of layers) {
    if (names.has(name)) {
      throw new GraphError(
        `two different layers are named '${name}'; names must be unique in a model`,
      );
    }
    names.add(name);
  }
}

/**
 * Finds every call between inputs and outputs, in execution order, and the layers in Keras's order.
 * @throws {GraphError} for an input that no output needs, a needed input that is not listed, or two
 * layers of one name.
 */
export function orderGraph(
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
): OrderedGraph {
  const { nodes, visited } = walk(outputs);
  checkLeaves(nodes, inputs);
  const layers = sortLayers(nodes, visited);
  checkNames(layers);
  return { nodes, layers };
}
