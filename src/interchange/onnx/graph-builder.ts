import { ValueError } from '../../core/errors.js';
import { sizeOf } from '../../core/shape.js';
import type {
  OnnxAttribute,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from '../../formats/onnx/onnx-model.js';
import { ONNX_TYPES } from '../../formats/onnx/onnx-model.js';
import type { Value } from '../../ops/ir.js';
import { NumberedNames } from './numbered-names.js';
import type { InferenceTrace, TracedSize } from './trace-inference.js';

/** Where axis i of an ONNX image [N, C, H, W] stands in ours, [N, H, W, C]; and the other way round. */
const TO_NCHW = [0, 3, 1, 2] as const;
const TO_NHWC = [0, 2, 3, 1] as const;
/** ONNX's axis of each of our axes, in an image that is stored as ONNX stores them. */
const NCHW_AXES = [0, 2, 3, 1] as const;

const BATCH = 'batch';

/** Which order of axes a tensor in the ONNX graph has: ours, or ONNX's order of images. */
export type AxisOrder = 'ours' | 'nchw';

/** Makes the numbers of a constant; called only where it is used. */
type Lazy = () => Promise<Float32Array> | Float32Array;

interface Constant {
  readonly dims: readonly number[];
  readonly floats?: Lazy;
  readonly integers?: readonly number[];
}

/** Attribute of one integer. */
export const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
/** Attribute of one float. */
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value });
/** Attribute of a list of integers. */
export const ints = (value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value });

/**
 * Builds the graph of an ONNX file. Every value of ours may be present in two orders of axes; it is
 * transposed where the other one is asked for first, so that a chain of convolutions, normalisations and
 * additions needs no transposition. What no output needs in the end is left out.
 */
export class OnnxGraphBuilder {
  readonly #trace: InferenceTrace;
  /** Labels of tensors, by the keys that stand for them until it is known which are needed. */
  readonly #labels = new Map<string, string>();
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, Constant>();
  readonly #tensors = new Map<Value, Partial<Record<AxisOrder, string>>>();
  readonly #uses = new Map<Value, number>();
  readonly #inputs: OnnxValue[];
  /** The layer on whose behalf nodes are being added. */
  source = '';

  /** @param trace of the model. @param inputNames names of its inputs. */
  constructor(trace: InferenceTrace, inputNames: readonly string[]) {
    this.#trace = trace;
    const count = (value: Value) => this.#uses.set(value, (this.#uses.get(value) ?? 0) + 1);
    for (const { inputs } of trace.operations) Object.values(inputs).forEach(count);
    trace.outputs.forEach(count);
    this.#inputs = trace.inputs.map((value, i) => {
      const name = this.#key(inputNames[i]);
      this.#tensors.set(value, { ours: name });
      return { name, type: ONNX_TYPES.float, shape: this.#dimensions(value) };
    });
  }

  /** How many operations and outputs use a value. */
  uses(value: Value): number {
    return this.#uses.get(value) ?? 0;
  }

  /** Adds a node with one output, and gives the output's key. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const output = this.#key(`${this.source}/${opType}`);
    this.#nodes.push({
      name: output,
      opType,
      domain: '',
      inputs,
      outputs: [output],
      attributes: new Map(Object.entries(attributes)),
    });
    return output;
  }

  /** Adds a constant of floats whose numbers are made when the graph is finished, if it is used. */
  floats(label: string, dims: readonly number[], make: Lazy): string {
    const key = this.#key(label);
    this.#constants.set(key, { dims, floats: make });
    return key;
  }

  /** A constant number. */
  scalar(value: number): string {
    return this.floats(`${this.source}/scalar`, [], () => Float32Array.of(value));
  }

  /** A constant list of integers. */
  integers(name: string, values: readonly number[]): string {
    const key = this.#key(`${this.source}/${name}`);
    this.#constants.set(key, { dims: [values.length], integers: values });
    return key;
  }

  /** The numbers of a weight; undefined for what is computed. */
  weightOf(value: Value): Lazy | undefined {
    const found = this.#trace.variables.get(value);
    return found && (() => found.variable.read());
  }

  /** What a weight, or a value, is called. */
  nameOf(value: Value): string {
    return this.#trace.variables.get(value)?.entry ?? value.name;
  }

  /** The order of axes in which a value is at hand; both count as ONNX's. */
  orderOf(value: Value): AxisOrder {
    return this.#tensors.get(value)?.nchw === undefined ? 'ours' : 'nchw';
  }

  /** The order that suits several operands of an elementwise operation. */
  commonOrder(values: readonly Value[]): AxisOrder {
    return values.some((value) => this.orderOf(value) === 'nchw') ? 'nchw' : 'ours';
  }

  /** The axis in a tensor of that order. */
  axis(axis: number, order: AxisOrder): number {
    return order === 'nchw' ? NCHW_AXES[axis] : axis;
  }

  /** Entries of a list over our axes, in a tensor of that order. */
  permute<T>(list: readonly T[], order: AxisOrder): T[] {
    return order === 'nchw' ? TO_NCHW.map((axis) => list[axis]) : [...list];
  }

  /** Says that a value is computed under this key, in this order of axes. */
  set(value: Value, key: string, order: AxisOrder): void {
    const known = this.#tensors.get(value);
    this.#tensors.set(value, { ...known, [order]: key });
  }

  /** The key of the tensor that holds a value, transposed where need be. */
  get(value: Value, order: AxisOrder): string {
    const known = this.#tensors.get(value) ?? this.#constantTensor(value);
    const key = known[order];
    if (key !== undefined) return key;
    const source = known[order === 'nchw' ? 'ours' : 'nchw'] as string;
    const perm = ints(order === 'nchw' ? TO_NCHW : TO_NHWC);
    const made = this.node('Transpose', [source], { perm });
    this.set(value, made, order);
    return made;
  }

  /**
   * The key of a tensor with the value's elements in our order, whatever its shape: an image of one
   * pixel or one channel needs no transposition for that.
   */
  elements(value: Value): string {
    const known = this.#tensors.get(value);
    const [, height, width, channels] = value.shape;
    const isFree = value.shape.length === 4 && (height * width === 1 || channels === 1);
    if (known?.ours === undefined && known?.nchw !== undefined && isFree) return known.nchw;
    return this.get(value, 'ours');
  }

  /**
   * The shape of a value for `Reshape`, the batch as -1.
   * @throws {ValueError} when several axes depend on the batch.
   */
  reshapeTarget(value: Value): number[] {
    const sizes = this.#trace.shapeOf(value);
    if (sizes.filter((size) => typeof size !== 'number').length > 1) {
      throw new ValueError(
        `layer '${this.source}' has more than one axis that depends on the batch`,
      );
    }
    return sizes.map((size) => (typeof size === 'number' ? size : -1));
  }

  /** The shape of a value with the batch left open. */
  shapeOf(value: Value): TracedSize[] {
    return this.#trace.shapeOf(value);
  }

  /**
   * The graph with everything that the outputs need, and nothing else.
   * @param outputNames names of the model's outputs.
   */
  async finish(outputNames: readonly string[]): Promise<{
    nodes: OnnxNode[];
    initializers: OnnxTensor[];
    inputs: OnnxValue[];
    outputs: OnnxValue[];
  }> {
    this.source = 'output';
    const names = new Map<string, string>();
    const taken = new NumberedNames();
    const name = (key: string, label = this.#labels.get(key) ?? key): string => {
      const known = names.get(key);
      if (known !== undefined) return known;
      const unique = taken.take(label);
      names.set(key, unique);
      return unique;
    };
    const inputs = this.#inputs.map((input) => ({ ...input, name: name(input.name) }));
    const outputs = this.#trace.outputs.map((value, i): OnnxValue => {
      let tensor = this.get(value, 'ours');
      if (names.has(tensor) || this.#constants.has(tensor))
        tensor = this.node('Identity', [tensor]);
      const shape = this.#dimensions(value);
      return { name: name(tensor, outputNames[i]), type: ONNX_TYPES.float, shape };
    });
    const needed = new Set(names.keys());
    const live: OnnxNode[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output))) continue;
      for (const input of node.inputs) needed.add(input);
      live.push(node);
    }
    const initializers: OnnxTensor[] = [];
    for (const [key, constant] of this.#constants) {
      if (needed.has(key)) initializers.push(await tensorOf(name(key), constant));
    }
    const nodeNames = new NumberedNames();
    const nodes = live.reverse().map((node) => ({
      ...node,
      name: nodeNames.take(this.#labels.get(node.name) ?? node.name),
      inputs: node.inputs.map((key) => name(key)),
      outputs: node.outputs.map((key) => name(key)),
    }));
    return { nodes, initializers, inputs, outputs };
  }

  /** A key that stands for a tensor until names are given. */
  #key(label: string): string {
    const key = `${this.#labels.size}`;
    this.#labels.set(key, label);
    return key;
  }

  #constantTensor(value: Value): Partial<Record<AxisOrder, string>> {
    const weight = this.weightOf(value);
    if (weight === undefined) throw new TypeError(`value '${value.name}' was never computed`);
    const tensors = { ours: this.floats(this.nameOf(value), value.shape, weight) };
    this.#tensors.set(value, tensors);
    return tensors;
  }

  #dimensions(value: Value): (number | string)[] {
    return this.#trace.shapeOf(value).map((size) => {
      if (typeof size === 'number') return size;
      return size.batches === 1 ? BATCH : `${size.batches}*${BATCH}`;
    });
  }
}

async function tensorOf(name: string, { dims, floats, integers }: Constant): Promise<OnnxTensor> {
  if (integers !== undefined) {
    const raw = new Uint8Array(BigInt64Array.from(integers, BigInt).buffer);
    return { name, dims, type: ONNX_TYPES.int64, raw };
  }
  const data = (await floats?.()) ?? new Float32Array(sizeOf(dims));
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims, type: ONNX_TYPES.float, raw };
}
