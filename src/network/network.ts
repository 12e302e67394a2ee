import { GraphError, ShapeError, UnknownNameError } from '../core/errors.js';
import { formatShape, type Shape, sameShape } from '../core/shape.js';
import type { CallContext } from '../graph/graph-layer.js';
import { orderGraph } from '../graph/order-graph.js';
import type { CallNode } from '../graph/symbolic-tensor.js';
import { SymbolicTensor } from '../graph/symbolic-tensor.js';
import type { Variable } from '../graph/variable.js';
import { InputLayer } from '../layers/input-layer.js';
import { Layer, type TensorOrList } from '../layers/layer.js';
import type { Value } from '../ops/ir.js';

/** What a network is made of. */
export interface NetworkOptions {
  /** Results of `input()`. */
  inputs: TensorOrList;
  /** Results of layers, or of `input()`. */
  outputs: TensorOrList;
  /** For messages and files. */
  name: string;
}

/** A weight of a network. */
export interface NetworkVariable {
  /** `layer/weight`, or `model/layer/weight` inside a nested model; unique in the network. */
  readonly name: string;
  readonly variable: Variable;
  /** Whether training changes it: by its nature, and because no layer around it is frozen. */
  readonly trainable: boolean;
}

/** A layer that is itself a network, such as a model inside a model. */
export interface NetworkLayer extends Layer {
  readonly network: Network;
}

/** Whether the layer is itself a network. */
export function isNetworkLayer(layer: Layer): layer is NetworkLayer {
  return 'network' in layer && layer.network instanceof Network;
}

/** The calls between some input tensors and some output tensors: the structure of a model. */
export class Network {
  /** For messages and files. */
  readonly name: string;
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Every layer once, inputs included, in the order of Keras's `model.layers`. */
  readonly layers: readonly Layer[];
  /** Every call, inputs included, in execution order. */
  readonly nodes: readonly CallNode[];

  /**
   * @param options inputs, outputs and name.
   * @throws {GraphError} for inputs that are no results of `input()` or listed twice, inputs that no
   * output needs, outputs that need an input that is not listed, or two layers of one name.
   */
  constructor({ inputs, outputs, name }: NetworkOptions) {
    this.name = name;
    this.inputs = tensorList(inputs, 'input', name);
    this.outputs = tensorList(outputs, 'output', name);
    checkInputs(this.inputs, name);
    const { nodes, layers } = orderGraph(this.inputs, this.outputs);
    this.nodes = nodes;
    this.layers = layers.map(asLayer);
  }

  /** Names of the inputs: those of their layers. */
  get inputNames(): readonly string[] {
    return this.inputs.map((tensor) => tensor.name);
  }

  /** Names of the outputs: those of their layers, with a number from the second on. */
  get outputNames(): readonly string[] {
    const taken = new Set(this.outputs.map((tensor) => tensor.name));
    const used = new Set<string>();
    return this.outputs.map(({ name }) => {
      let unique = name;
      for (let i = 1; used.has(unique) || (unique !== name && taken.has(unique)); i++) {
        unique = `${name}_${i}`;
      }
      used.add(unique);
      return unique;
    });
  }

  /** Shapes of the inputs, without the batch. */
  get inputShapes(): readonly Shape[] {
    return this.inputs.map((tensor) => tensor.sampleShape);
  }

  /** Shapes of the outputs, without the batch. */
  get outputShapes(): readonly Shape[] {
    return this.outputs.map((tensor) => tensor.sampleShape);
  }

  /** Every weight once, layer by layer; within a layer the trainable ones first. */
  get variables(): readonly NetworkVariable[] {
    const found = new Map<Variable, NetworkVariable>();
    this.#collectVariables('', true, found);
    return [...found.values()];
  }

  /**
   * The layer of this name.
   * @throws {UnknownNameError} when there is none.
   */
  getLayer(name: string): Layer {
    const layer = this.layers.find((candidate) => candidate.name === name);
    if (layer !== undefined) return layer;
    const known = this.layers.map((candidate) => candidate.name);
    throw new UnknownNameError('layer', name, known);
  }

  /**
   * Emits every call for inputs with a batch axis and gives the outputs. Operations carry the name of
   * their layer as their source, below the source that was set before, as in `outer/inner`.
   * @throws {ShapeError} when the values do not have the shapes of the inputs.
   */
  emit(values: readonly Value[], context: CallContext): Value[] {
    this.#checkValues(values);
    const { graph } = values[0];
    const outer = graph.source;
    const computed = new Map<SymbolicTensor, Value>();
    this.inputs.forEach((tensor, i) => {
      computed.set(tensor, values[i]);
    });
    const lookUp = (tensor: SymbolicTensor) => computed.get(tensor) as Value;
    this.inputs.forEach(({ name }, i) => {
      if (outer === '') context.observe?.(name, [values[i]]);
    });
    for (const node of this.nodes) {
      if (node.inputs.length === 0) continue;
      graph.source = outer === '' ? node.layer.name : `${outer}/${node.layer.name}`;
      const results = [node.layer.call(node.inputs.map(lookUp), context)].flat() as Value[];
      context.observe?.(graph.source, results);
      node.outputs.forEach((tensor, i) => {
        computed.set(tensor, results[i]);
      });
    }
    graph.source = outer;
    return this.outputs.map(lookUp);
  }

  #collectVariables(
    prefix: string,
    trainable: boolean,
    found: Map<Variable, NetworkVariable>,
  ): void {
    for (const layer of this.layers) {
      const path = `${prefix}${layer.name}/`;
      const thawed = trainable && layer.trainable;
      if (isNetworkLayer(layer)) {
        layer.network.#collectVariables(path, thawed, found);
        continue;
      }
      for (const variable of layer.weights) {
        if (found.has(variable)) continue;
        const name = `${path}${variable.name}`;
        found.set(variable, { name, variable, trainable: thawed && variable.trainable });
      }
    }
  }

  #checkValues(values: readonly Value[]): void {
    if (values.length !== this.inputs.length) {
      throw new ShapeError(
        `model '${this.name}' has ${this.inputs.length} input(s), but ${values.length} array(s) were given`,
      );
    }
    values.forEach((value, i) => {
      const { name, shape, sampleShape } = this.inputs[i];
      if (!sameShape(value.shape.slice(1), sampleShape)) {
        throw new ShapeError(
          `model '${this.name}': input '${name}' has shape ${formatShape(shape)}, but an array of shape ${formatShape(value.shape)} was given`,
        );
      }
    });
  }
}

function tensorList(
  list: TensorOrList,
  kind: 'input' | 'output',
  model: string,
): readonly SymbolicTensor[] {
  const tensors: readonly unknown[] = Array.isArray(list) ? list : [list];
  if (tensors.length === 0) throw new GraphError(`model '${model}' needs at least one ${kind}`);
  return tensors.map((tensor) => {
    if (tensor instanceof SymbolicTensor) return tensor;
    throw new GraphError(
      `every ${kind} of model '${model}' must be the result of input() or of a layer, got ${typeof tensor}`,
    );
  });
}

function checkInputs(inputs: readonly SymbolicTensor[], model: string): void {
  inputs.forEach((tensor, i) => {
    if (!(tensor.node.layer instanceof InputLayer)) {
      throw new GraphError(
        `'${tensor.name}' cannot be an input of model '${model}', because a layer computes it; only results of input() can`,
      );
    }
    if (inputs.indexOf(tensor) !== i) {
      throw new GraphError(
        `input '${tensor.name}' is listed twice among the inputs of model '${model}'`,
      );
    }
  });
}

function asLayer(layer: unknown): Layer {
  if (layer instanceof Layer) return layer;
  throw new GraphError('a model consists of layers of this library only');
}
