/** Element types of onnx.proto, by name. */
export const ONNX_TYPES = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const;

/** The name of an element type of onnx.proto. */
export function onnxTypeName(type: number): string {
  const found = Object.entries(ONNX_TYPES).find(([, number]) => number === type);
  return found === undefined ? `type ${type}` : found[0];
}

/** An array in an ONNX file. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Element type: a number of `ONNX_TYPES`. */
  readonly type: number;
  /** Little-endian content, `raw_data`; absent where one of the lists holds it. */
  readonly raw?: Uint8Array;
  /** Content of `float_data`. */
  readonly floats?: readonly number[];
  /** Content of `int64_data` or `int32_data`. */
  readonly integers?: readonly number[];
  /** Content of `double_data`. */
  readonly doubles?: readonly number[];
  /** Where its content lies, when that is outside the file: never opened. */
  readonly externalLocation?: string;
}

/** An attribute of a node. */
export type OnnxAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  /** Subgraphs, sparse tensors, types and lists of such: noticed, not read. */
  | { readonly kind: 'unread'; readonly value: string };

/** One operation. */
export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  /** Names of values; an empty one stands for an optional input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** A size: a number, or the name of a symbolic one; null when nothing is said. */
export type OnnxDimension = number | string | null;

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  /** Element type; 0 where it is no tensor. */
  readonly type: number;
  /** Sizes; undefined when even the rank is open. */
  readonly shape?: readonly OnnxDimension[];
}

/** A graph of operations. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** An ONNX file, as far as networks need it. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Version of ONNX's own operators. */
  readonly opset: number;
  /** Versions of other operator sets, by domain. */
  readonly domains: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
  /** Whether the file defines functions of its own. */
  readonly hasFunctions: boolean;
}
