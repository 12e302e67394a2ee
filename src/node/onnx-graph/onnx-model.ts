import { sizeOf } from '../../core/shape.js';

/** A node of an ONNX graph; attributes are whole numbers or lists of them. */
export interface OnnxNode {
  operator: string;
  inputs: readonly string[];
  output: string;
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A float32 array that a graph takes or gives; its first axis is free. */
export interface OnnxPort {
  name: string;
  /** Sizes of the other axes. */
  tail: readonly number[];
}

/** A constant of a graph: whole numbers at hand, or float32 values that are written when asked for. */
export interface OnnxConstant {
  name: string;
  shape: readonly number[];
  values: readonly number[] | (() => Float32Array);
}

/** A graph of the standard operators. */
export interface OnnxGraph {
  nodes: readonly OnnxNode[];
  inputs: readonly OnnxPort[];
  outputs: readonly OnnxPort[];
  constants: readonly OnnxConstant[];
}

/** Element and attribute types of onnx.proto. */
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;
const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** A piece of a message: bytes, or so many that are written later. */
type Piece = Uint8Array | { readonly length: number; bytes(): Uint8Array };

/**
 * The graph as an ONNX model. Large constants are made one by one, straight into the result. Field
 * numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
export function encodeOnnxModel(graph: OnnxGraph): Uint8Array {
  const body = [
    ...graph.nodes.flatMap((node) => message(1, encodeNode(node))),
    ...text(2, 'stretch'),
    ...graph.constants.flatMap((constant) => message(5, encodeConstant(constant))),
    ...graph.inputs.flatMap((port, i) => message(11, encodePort(port, `in${i}`))),
    ...graph.outputs.flatMap((port, i) => message(12, encodePort(port, `out${i}`))),
  ];
  const pieces = [
    ...integer(1, IR_VERSION),
    ...message(7, body),
    ...message(8, [...text(1, ''), ...integer(2, OPSET_VERSION)]),
  ];
  const model = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    model.set(piece instanceof Uint8Array ? piece : piece.bytes(), at);
    at += piece.length;
  }
  return model;
}

function encodeNode({ operator, inputs, output, attributes = {} }: OnnxNode): Piece[] {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, operator),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      message(5, [
        ...text(1, name),
        ...(typeof value === 'number'
          ? [...integer(3, value), ...integer(20, ATTRIBUTE_INT)]
          : [...value.flatMap((one) => integer(8, one)), ...integer(20, ATTRIBUTE_INTS)]),
      ]),
    ),
  ];
}

function encodeConstant({ name, shape, values }: OnnxConstant): Piece[] {
  const dimensions = shape.flatMap((extent) => integer(1, extent));
  if (typeof values !== 'function') {
    const raw = BigInt64Array.from(values, BigInt);
    return [...dimensions, ...integer(2, INT64), ...text(8, name), ...bytes(9, byteView(raw))];
  }
  const payload = { length: 4 * sizeOf(shape), bytes: () => byteView(values()) };
  return [...dimensions, ...integer(2, FLOAT), ...text(8, name), ...message(9, [payload])];
}

function encodePort({ name, tail }: OnnxPort, rows: string): Piece[] {
  const shape = [
    ...message(1, text(2, rows)),
    ...tail.flatMap((extent) => message(1, integer(1, extent))),
  ];
  const tensor = [...integer(1, FLOAT), ...message(2, shape)];
  return [...text(1, name), ...message(2, message(1, tensor))];
}

function byteView({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function message(field: number, content: readonly Piece[]): Piece[] {
  return [varint((field << 3) | 2), varint(lengthOf(content)), ...content];
}

function bytes(field: number, content: Uint8Array): Piece[] {
  return message(field, [content]);
}

function text(field: number, content: string): Piece[] {
  return bytes(field, new TextEncoder().encode(content));
}

function integer(field: number, value: number): Piece[] {
  return [varint(field << 3), varint(value)];
}

/** Seven bits a byte, lowest first; all but the last have the top bit set. Negative: 64 bits of two's complement. */
function varint(value: number): Uint8Array {
  const result: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    result.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  result.push(Number(rest));
  return Uint8Array.from(result);
}
