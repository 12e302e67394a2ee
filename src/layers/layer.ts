import { GraphError, ShapeError, ValueError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import type { CallContext, GraphLayer } from '../graph/graph-layer.js';
import type { CallNode } from '../graph/symbolic-tensor.js';
import { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { type Initializer, type Regularizer, Variable } from '../graph/variable.js';
import { IrGraph, type Value } from '../ops/ir.js';
import { Callable } from './callable.js';
import { requireFlag, show } from './option-checks.js';
import { uniqueName } from './unique-name.js';

/** Options that every layer takes. */
export interface LayerOptions {
  /** Unique within a model; by default the class in snake case, with a number from the second on. */
  name?: string;
  /** Whether training changes the layer's weights; default true. */
  trainable?: boolean;
}

/** Serialisable options of a layer, in Keras's names and camelCase. */
export type LayerConfig = Record<string, unknown>;

/** Shape and values of a weight, row-major. */
export interface WeightArray {
  /** Sizes of all axes. */
  shape: Shape;
  /** Values, row-major. */
  data: Float32Array;
}

/** One tensor, or a list where a layer takes several. */
export type TensorOrList = SymbolicTensor | readonly SymbolicTensor[];

/** Layers are called on symbolic tensors. */
export interface Layer {
  /**
   * Connects the layer and gives its output.
   * @throws {ShapeError} when the inputs do not fit. @throws {GraphError} for something else than tensors.
   */
  (inputs: TensorOrList): SymbolicTensor;
}

/**
 * An operation with state: it owns weights, and says what it computes by emitting operations. Subclasses
 * create their weights in `build` and emit in `call`; shapes follow from the operations.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the call signature belongs to the instances.
export abstract class Layer extends Callable implements GraphLayer {
  /** Name of the class, as in Keras; used in files. */
  abstract readonly className: string;
  /** Unique within a model. */
  readonly name: string;
  readonly #weights: Variable[] = [];
  #trainable: boolean;
  #calls = 0;
  #builtFor: readonly Shape[] | undefined;

  /** @param options name and whether it is trainable. @param defaultName snake-case class name. */
  constructor(options: LayerOptions, defaultName: string) {
    super((self: Layer, inputs: TensorOrList) => self.#connectOne(inputs));
    this.name = options.name === undefined ? uniqueName(defaultName) : checkName(options.name);
    this.#trainable = requireFlag(options.trainable ?? true, 'trainable', `layer '${this.name}'`);
  }

  /** Whether training changes the weights; a frozen batch normalisation also keeps its statistics. */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    this.#trainable = requireFlag(value, 'trainable', `layer '${this.name}'`);
  }

  /** How many tensors a call takes, as [least, most]. */
  protected get inputArity(): readonly [number, number] {
    return [1, 1];
  }

  /** Creates the weights for inputs of these shapes (without the batch). */
  protected build(_inputShapes: readonly Shape[]): void {}

  /** Emits the operations of the layer; inputs carry the batch axis. */
  abstract call(inputs: readonly Value[], context: CallContext): Value | readonly Value[];

  /** Options from which the same layer can be made again. */
  abstract getConfig(): LayerConfig;

  /** All weights: trainable ones first, then the others. */
  get weights(): readonly Variable[] {
    const byNature = (wanted: boolean) => this.#weights.filter((w) => w.trainable === wanted);
    return [...byNature(true), ...byNature(false)];
  }

  /** Weights that training changes. */
  get trainableWeights(): readonly Variable[] {
    return this.trainable ? this.weights.filter((weight) => weight.trainable) : [];
  }

  /** Weights that training leaves alone. */
  get nonTrainableWeights(): readonly Variable[] {
    const trainable = new Set(this.trainableWeights);
    return this.weights.filter((weight) => !trainable.has(weight));
  }

  /** Whether the weights exist. */
  get built(): boolean {
    return this.#builtFor !== undefined;
  }

  /** Number of values in all weights. */
  countParams(): number {
    return this.weights.reduce((sum, weight) => sum + weight.size, 0);
  }

  /** The newest values of all weights, in the order of `weights`. */
  async getWeights(): Promise<WeightArray[]> {
    const arrays: WeightArray[] = [];
    for (const weight of this.weights) {
      arrays.push({ shape: weight.shape, data: (await weight.read()).slice() });
    }
    return arrays;
  }

  /**
   * Replaces the values of all weights, given in the order of `weights`.
   * @throws {ShapeError} when their number or sizes differ.
   */
  async setWeights(values: readonly (WeightArray | ArrayLike<number>)[]): Promise<void> {
    const weights = this.weights;
    if (values.length !== weights.length) {
      throw new ShapeError(
        `layer '${this.name}' has ${weights.length} weights, but ${values.length} arrays were given`,
      );
    }
    const arrays = values.map((value) => ('data' in value ? value.data : value));
    arrays.forEach((array, i) => {
      if (array.length !== weights[i].size) {
        throw new ShapeError(
          `layer '${this.name}': weight '${weights[i].name}' of shape ${formatShape(weights[i].shape)} has ${sizeOf(weights[i].shape)} values, but ${array.length} were given`,
        );
      }
    });
    for (const weight of weights) await weight.holder?.pull();
    arrays.forEach((array, i) => {
      weights[i].write(array);
    });
  }

  /**
   * Connects the layer to tensors and gives all its outputs, for layers that have several.
   * @throws {ShapeError} when the inputs do not fit. @throws {GraphError} for something else than tensors.
   */
  connect(inputs: TensorOrList): readonly SymbolicTensor[] {
    const tensors = Array.isArray(inputs) ? (inputs as readonly SymbolicTensor[]) : [inputs];
    for (const tensor of tensors) {
      if (!(tensor instanceof SymbolicTensor)) {
        throw new GraphError(
          `layer '${this.name}' was called on ${describe(tensor)}, expected the output of input() or of another layer`,
        );
      }
    }
    this.#checkArity(tensors.length);
    const shapes = (tensors as readonly SymbolicTensor[]).map((tensor) => tensor.sampleShape);
    this.ensureBuilt(shapes);
    const outputs: SymbolicTensor[] = [];
    const call = this.#calls++;
    const node: CallNode = { layer: this, call, inputs: tensors as SymbolicTensor[], outputs };
    this.inferOutputShapes(shapes).forEach((shape, i) => {
      outputs.push(new SymbolicTensor(shape, node, i));
    });
    return outputs;
  }

  #checkArity(count: number): void {
    const [least, most] = this.inputArity;
    if (count >= least && count <= most) return;
    if (most === 1) {
      throw new GraphError(
        `layer '${this.name}' takes one tensor, but was called on a list of ${count}; merge them first, with add() or concatenate()`,
      );
    }
    const wanted = least === most ? `${least}` : `at least ${least}`;
    throw new GraphError(
      `layer '${this.name}' takes a list of ${wanted} tensors, as in layer([a, b]), but got ${count}`,
    );
  }

  /** Creates the weights unless they exist; a shared layer keeps those of its first call. */
  protected ensureBuilt(shapes: readonly Shape[]): void {
    if (this.#builtFor === undefined) {
      this.build(shapes);
      this.#builtFor = shapes;
    }
  }

  /** Creates a weight; for use in `build`. */
  protected addWeight(
    name: string,
    shape: Shape,
    initializer: Initializer,
    options: { trainable?: boolean; regularizer?: Regularizer } = {},
  ): Variable {
    const weight = new Variable({
      name,
      path: `${this.name}/${name}`,
      shape,
      trainable: options.trainable ?? true,
      initializer,
      regularizer: options.regularizer,
    });
    this.#weights.push(weight);
    return weight;
  }

  #connectOne(inputs: TensorOrList): SymbolicTensor {
    const outputs = this.connect(inputs);
    if (outputs.length !== 1) {
      throw new GraphError(
        `layer '${this.name}' has ${outputs.length} outputs; use its connect() to get them all`,
      );
    }
    return outputs[0];
  }

  /** Shapes of the outputs without the batch, found by emitting the layer for a batch of one. */
  private inferOutputShapes(shapes: readonly Shape[]): readonly Shape[] {
    const graph = new IrGraph({ replica: 0, shares: [1] });
    graph.source = this.name;
    const values = shapes.map((shape, i) => graph.input(`input${i}`, shape));
    const context: CallContext = {
      training: false,
      read: (variable) => graph.variable(variable.name, variable.shape),
      update: () => undefined,
    };
    const outputs = [this.call(values, context)].flat() as Value[];
    return outputs.map((output) => {
      if (output.shape[0] !== 1) {
        throw new ShapeError(
          `layer '${this.name}' gave an output of shape ${formatShape(output.shape)} for a batch of 1; the first axis must stay the batch`,
        );
      }
      return output.shape.slice(1);
    });
  }
}

function checkName(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9][\w.-]{0,199}$/.test(name)) return name;
  throw new ValueError(
    `layer name ${show(name)} must begin with a letter or digit and contain only letters, digits, '_', '.' and '-', at most 200`,
  );
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Layer) return `layer '${value.name}' itself`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
