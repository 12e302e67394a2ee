import { FormatError } from '../../core/errors.js';
import { formatShape, sizeOf } from '../../core/shape.js';
import {
  ONNX_TYPES,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '../../formats/onnx/onnx-model.js';
import type { SymbolicTensor } from '../../graph/symbolic-tensor.js';
import { InputLayer } from '../../layers/input-layer.js';
import type { Layer } from '../../layers/layer.js';
import type { ImportedTensor, ImportedValue } from './imported-value.js';
import { NumberedNames } from './numbered-names.js';
import { floatsOfTensor, integersOfTensor } from './tensor-numbers.js';

/** Elements of one sample of any tensor at most; real networks stay far below. */
const MOST_ELEMENTS = 2 ** 31;
const LONGEST_NAME = 180;
/** How much larger than the file the weights may become: half precision doubles, shared arrays repeat. */
const MOST_GROWTH = 8;
const FREE_WEIGHTS = 2 ** 18;

/** Reads one node: makes a layer, or notes what its output stands for. */
export type ImportRule = (reader: OnnxGraphReader, node: OnnxNode) => void;

/** What the rules read from and write to while an ONNX graph becomes layers. */
export class OnnxGraphReader {
  readonly opset: number;
  /** Sizes of the batch that the file fixes, which stand for any batch. */
  readonly fixedBatches = new Set<number>();
  readonly #source: string;
  readonly #values = new Map<string, ImportedValue>();
  readonly #consumers = new Map<string, OnnxNode[]>();
  readonly #names = new NumberedNames();
  readonly #layers = new Map<string, Layer>();
  readonly #absorbed = new Map<OnnxNode, string>();
  readonly #outputs: ReadonlySet<string>;
  #weights: number;

  /** @param model the file. @param source its name. @param bytes its size. */
  constructor(model: OnnxModel, source: string, bytes: number) {
    this.opset = model.opset;
    this.#source = source;
    this.#weights = MOST_GROWTH * bytes + FREE_WEIGHTS;
    this.#outputs = new Set(model.graph.outputs.map(({ name }) => name));
    for (const array of model.graph.initializers) {
      this.#values.set(array.name, { kind: 'constant', array });
    }
    for (const node of model.graph.nodes) {
      for (const input of new Set(node.inputs)) {
        const list = this.#consumers.get(input) ?? [];
        list.push(node);
        this.#consumers.set(input, list);
      }
    }
  }

  /** What to call a node in messages. */
  describe(node: OnnxNode): string {
    const name = node.name || node.outputs[0] || '';
    return `${this.#source}: node '${name}' (${node.opType})`;
  }

  /** An error that names the node. */
  fail(node: OnnxNode, problem: string): FormatError {
    return new FormatError(`${this.describe(node)}: ${problem}`);
  }

  /** Whether a name has a value already. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The nodes that use a value. */
  consumers(name: string): readonly OnnxNode[] {
    return this.#consumers.get(name) ?? [];
  }

  /** The one node that uses a value, unless it is an output or has several uses. */
  onlyConsumer(name: string): OnnxNode | undefined {
    const consumers = this.consumers(name);
    return consumers.length === 1 && !this.#outputs.has(name) ? consumers[0] : undefined;
  }

  /** Says that the work of `node` was done by an earlier one, whose output `name` it repeats. */
  absorb(node: OnnxNode, name: string): void {
    this.#absorbed.set(node, name);
  }

  /** The output that an absorbed node repeats. */
  absorbedInto(node: OnnxNode): string | undefined {
    return this.#absorbed.get(node);
  }

  /** The value of a name. @throws {FormatError} when nothing before the node computes it. */
  value(node: OnnxNode, index: number): ImportedValue {
    const name = node.inputs[index] ?? '';
    const found = this.#values.get(name);
    if (found !== undefined) return found;
    const which =
      name === '' ? `input ${index} is missing` : `nothing before it computes '${name}'`;
    throw this.fail(node, which);
  }

  /** The value of an output of the graph. */
  output({ name }: OnnxValue): ImportedTensor {
    const found = this.#values.get(name);
    if (found?.kind === 'tensor') return found;
    throw new FormatError(
      `${this.#source}: output '${name}' is computed by no node from the inputs`,
    );
  }

  /** The value of a name, if it has one. */
  find(name: string | undefined): ImportedValue | undefined {
    return name === undefined || name === '' ? undefined : this.#values.get(name);
  }

  /** An input that a layer computes. */
  tensor(node: OnnxNode, index: number): ImportedTensor {
    const value = this.value(node, index);
    if (value.kind === 'tensor') return value;
    throw this.fail(
      node,
      `input '${node.inputs[index]}' is a constant, expected something computed`,
    );
  }

  /** An input that is an array of the file. */
  constant(node: OnnxNode, index: number): OnnxTensor {
    const value = this.value(node, index);
    if (value.kind === 'constant') return value.array;
    throw this.fail(node, `input '${node.inputs[index]}' must be an array of the file`);
  }

  /** The numbers of an input that is an array of the file. */
  floats(node: OnnxNode, index: number): Float32Array {
    const array = this.constant(node, index);
    this.#weights -= 4 * sizeOf(array.dims);
    if (this.#weights < 0) {
      throw this.fail(
        node,
        'the same arrays are used over and over, far beyond the size of the file',
      );
    }
    return floatsOfTensor(array, this.describe(node));
  }

  /** A list of integers: an array of the file, or sizes that were computed; null is the batch. */
  sizes(node: OnnxNode, index: number): readonly (number | null)[] {
    const value = this.value(node, index);
    if (value.kind === 'shape') return value.sizes;
    return integersOfTensor(this.constant(node, index), this.describe(node));
  }

  /** A list of integers without the batch in it. */
  integers(node: OnnxNode, index: number): number[] {
    return this.sizes(node, index).map((size) => {
      if (size !== null) return size;
      throw this.fail(node, `input '${node.inputs[index]}' depends on the batch`);
    });
  }

  /** Sets the first output of a node. @throws {FormatError} when the name is taken. */
  set(node: OnnxNode, value: ImportedValue): void {
    const [name] = node.outputs;
    if (name === undefined || name === '') throw this.fail(node, 'it has no output');
    if (this.#values.has(name)) throw this.fail(node, `'${name}' is computed twice`);
    this.#values.set(name, value);
  }

  /** Declares an input of the graph; returns its tensor. */
  input({ name, type, shape }: OnnxValue, order: 'ours' | 'nchw'): SymbolicTensor {
    const what = `${this.#source}: input '${name}'`;
    if (type !== ONNX_TYPES.float || shape === undefined || shape.length < 2) {
      throw new FormatError(`${what} is no batch of float32 arrays of a known rank`);
    }
    const [batch, ...sample] = shape;
    if (typeof batch === 'number') this.fixedBatches.add(batch);
    const sizes = sample.map((size) => {
      if (typeof size === 'number') return size;
      throw new FormatError(
        `${what} leaves a size open beside the batch, [${shape.map((one) => one ?? '?').join(', ')}]; export the model for one size`,
      );
    });
    const ours = order === 'nchw' ? [sizes[1], sizes[2], sizes[0]] : sizes;
    const { output } = new InputLayer({ shape: ours, name: this.layerName(name) });
    this.#values.set(name, { kind: 'tensor', tensor: output, order, nonNegative: false });
    return output;
  }

  /** A name for a layer, made of a name in the file and unlike all others. */
  layerName(name: string): string {
    const clean = name
      .replace(/[^\w.-]+/g, '.')
      .replace(/^[^A-Za-z0-9]+|[.]+$/g, '')
      .slice(0, LONGEST_NAME);
    return this.#names.take(clean === '' ? 'layer' : clean);
  }

  /** A name for the layer of a node: that of its weights without the last part, else the node's own. */
  nodeName(node: OnnxNode): string {
    const weight = /^(.+)[/.](kernel|weight|gamma)$/.exec(node.inputs[1] ?? '');
    if (weight !== null && weight[1] !== '') return this.layerName(weight[1]);
    const own = node.name || node.outputs[0] || '';
    const suffix = `/${node.opType}`;
    return this.layerName(own.endsWith(suffix) ? own.slice(0, -suffix.length) : own);
  }

  /**
   * A layer with weights; nodes that use the same arrays in the same way share it.
   * @param key what distinguishes it, weights included. @param make makes it. @param fill gives the
   * weights in its order, once it was connected.
   */
  shared(
    key: string,
    tensors: readonly SymbolicTensor[],
    make: () => Layer,
    fill: () => readonly Float32Array[],
  ): SymbolicTensor {
    const known = this.#layers.get(key);
    if (known !== undefined) return this.connect(known, tensors);
    const layer = make();
    const output = this.connect(layer, tensors);
    const arrays = fill();
    layer.weights.forEach((weight, i) => {
      weight.write(arrays[i]);
    });
    this.#layers.set(key, layer);
    return output;
  }

  /** Connects a layer. @throws {FormatError} when its output is larger than any network needs. */
  connect(layer: Layer, tensors: readonly SymbolicTensor[]): SymbolicTensor {
    const [output] = layer.connect(tensors);
    if (sizeOf(output.sampleShape) > MOST_ELEMENTS) {
      throw new FormatError(
        `${this.#source}: layer '${layer.name}' has an output of shape ${formatShape(output.shape)}, which is larger than any memory`,
      );
    }
    return output;
  }

  /** An integer attribute. */
  int(node: OnnxNode, name: string, absent: number): number {
    const attribute = node.attributes.get(name);
    if (attribute === undefined) return absent;
    if (attribute.kind === 'int') return attribute.value;
    throw this.#wrongAttribute(node, name, attribute, 'an integer');
  }

  /** A float attribute. */
  float(node: OnnxNode, name: string, absent: number): number {
    const attribute = node.attributes.get(name);
    if (attribute === undefined) return absent;
    if (attribute.kind === 'float') return attribute.value;
    throw this.#wrongAttribute(node, name, attribute, 'a number');
  }

  /** An attribute of text. */
  text(node: OnnxNode, name: string, absent: string): string {
    const attribute = node.attributes.get(name);
    if (attribute === undefined) return absent;
    if (attribute.kind === 'string') return attribute.value;
    throw this.#wrongAttribute(node, name, attribute, 'a text');
  }

  /** An attribute of integers; undefined when it is absent. */
  ints(node: OnnxNode, name: string): readonly number[] | undefined {
    const attribute = node.attributes.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.kind === 'ints') return attribute.value;
    throw this.#wrongAttribute(node, name, attribute, 'a list of integers');
  }

  #wrongAttribute(node: OnnxNode, name: string, { kind }: OnnxAttribute, expected: string) {
    return this.fail(node, `attribute '${name}' is of the kind '${kind}', expected ${expected}`);
  }
}
