import { sizeOf } from '../../core/shape.js';
import type {
  OnnxAttribute,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from '../../formats/onnx/onnx-model.js';
import { ONNX_TYPES } from '../../formats/onnx/onnx-model.js';
import type { Value } from '../../ops/ir.js';
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
  readonly name: string;
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
  readonly #names = new Set<string>();
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
      const name = this.unique(inputNames[i]);
      this.#tensors.set(value, { ours: name });
      return { name, type: ONNX_TYPES.float, shape: this.#dimensions(value) };
    });
  }

  /** How many operations and outputs use a value. */
  uses(value: Value): number {
    return this.#uses.get(value) ?? 0;
  }

  /** A name that nothing in the graph has. */
  unique(name: string): string {
    let unique = name;
    for (let i = 1; this.#names.has(unique); i++) unique = `${name}_${i}`;
    this.#names.add(unique);
    return unique;
  }

  /** Adds a node with one output, and gives the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const output = this.unique(`${this.source}/${opType}`);
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
  floats(name: string, dims: readonly number[], make: Lazy): string {
    const unique = this.unique(name);
    this.#constants.set(unique, { name: unique, dims, floats: make });
    return unique;
  }

  /** A constant number. */
  scalar(value: number): string {
    return this.floats(`${this.source}/scalar`, [], () => Float32Array.of(value));
  }

  /** A constant list of integers. */
  integers(name: string, values: readonly number[]): string {
    const unique = this.unique(`${this.source}/${name}`);
    this.#constants.set(unique, { name: unique, dims: [values.length], integers: values });
    return unique;
  }

  /** The numbers of a weight; undefined for what is computed. */
  weightOf(value: Value): Lazy | undefined {
    const found = this.#trace.variables.get(value);
    return found && (() => found.variable.read());
  }

  /** The name of a weight, or of the value. */
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

  /** Says that a value is computed under this name, in this order of axes. */
  set(value: Value, name: string, order: AxisOrder): void {
    const known = this.#tensors.get(value);
    this.#tensors.set(value, { ...known, [order]: name });
  }

  /** The name of the tensor that holds a value, transposed where need be. */
  get(value: Value, order: AxisOrder): string {
    const known = this.#tensors.get(value) ?? this.#constantTensor(value);
    const name = known[order];
    if (name !== undefined) return name;
    const source = known[order === 'nchw' ? 'ours' : 'nchw'] as string;
    const perm = ints(order === 'nchw' ? TO_NCHW : TO_NHWC);
    const made = this.node('Transpose', [source], { perm });
    this.set(value, made, order);
    return made;
  }

  /**
   * The name of a tensor with the value's elements in our order, whatever its shape: an image of one
   * pixel or one channel needs no transposition for that.
   */
  elements(value: Value): string {
    const known = this.#tensors.get(value);
    const [, height, width, channels] = value.shape;
    const isFree = value.shape.length === 4 && (height * width === 1 || channels === 1);
    if (known?.ours === undefined && known?.nchw !== undefined && isFree) return known.nchw;
    return this.get(value, 'ours');
  }

  /** The shape of a value for `Reshape`, the batch as -1; undefined when that cannot be said. */
  reshapeTarget(value: Value): number[] | undefined {
    const sizes = this.#trace.shapeOf(value);
    const open = sizes.filter((size) => typeof size !== 'number');
    return open.length > 1
      ? undefined
      : sizes.map((size) => (typeof size === 'number' ? size : -1));
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
    const renamed = new Map<string, string>();
    const inputs = new Set(this.#inputs.map(({ name }) => name));
    const outputs = this.#trace.outputs.map((value, i): OnnxValue => {
      let tensor = this.get(value, 'ours');
      if (renamed.has(tensor) || inputs.has(tensor) || this.#constants.has(tensor)) {
        tensor = this.node('Identity', [tensor]);
      }
      const name = this.unique(outputNames[i]);
      renamed.set(tensor, name);
      return { name, type: ONNX_TYPES.float, shape: this.#dimensions(value) };
    });
    const rename = (name: string) => renamed.get(name) ?? name;
    const needed = new Set(renamed.keys());
    const nodes: OnnxNode[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output))) continue;
      for (const input of node.inputs) needed.add(input);
      nodes.push({
        ...node,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      });
    }
    const initializers: OnnxTensor[] = [];
    for (const constant of this.#constants.values()) {
      if (needed.has(constant.name)) initializers.push(await tensorOf(constant));
    }
    return { nodes: nodes.reverse(), initializers, inputs: this.#inputs, outputs };
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

async function tensorOf({ name, dims, floats, integers }: Constant): Promise<OnnxTensor> {
  if (integers !== undefined) {
    const raw = new Uint8Array(BigInt64Array.from(integers, BigInt).buffer);
    return { name, dims, type: ONNX_TYPES.int64, raw };
  }
  const data = (await floats?.()) ?? new Float32Array(sizeOf(dims));
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims, type: ONNX_TYPES.float, raw };
}
