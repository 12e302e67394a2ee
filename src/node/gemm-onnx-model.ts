/** Which `Gemm` a session computes. */
export interface GemmVariant {
  transposeA: boolean;
  transposeB: boolean;
  /** The model has a third input `c` of the output's shape, which is added. */
  accumulate: boolean;
}

/** Tensor element type FLOAT and attribute type INT of onnx.proto. */
const FLOAT = 1;
const INT = 2;
const IR_VERSION = 8;
const OPSET_VERSION = 13;

/**
 * An ONNX model of one `Gemm` with symbolic sizes: y `[m, n]` = op(a) · op(b) (+ c). Field numbers are
 * those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
export function encodeGemmModel({ transposeA, transposeB, accumulate }: GemmVariant): Uint8Array {
  const inputs = [
    ...bytes(11, valueInfo('a', transposeA ? ['k', 'm'] : ['m', 'k'])),
    ...bytes(11, valueInfo('b', transposeB ? ['n', 'k'] : ['k', 'n'])),
    ...(accumulate ? bytes(11, valueInfo('c', ['m', 'n'])) : []),
  ];
  const node = [
    ...(accumulate ? ['a', 'b', 'c'] : ['a', 'b']).flatMap((name) => text(1, name)),
    ...text(2, 'y'),
    ...text(4, 'Gemm'),
    ...bytes(5, flag('transA', transposeA)),
    ...bytes(5, flag('transB', transposeB)),
  ];
  const graph = [
    ...bytes(1, node),
    ...text(2, 'gemm'),
    ...inputs,
    ...bytes(12, valueInfo('y', ['m', 'n'])),
  ];
  const opset = [...text(1, ''), ...integer(2, OPSET_VERSION)];
  return Uint8Array.from([...integer(1, IR_VERSION), ...bytes(7, graph), ...bytes(8, opset)]);
}

function valueInfo(name: string, dimensions: string[]): number[] {
  const shape = dimensions.flatMap((dimension) => bytes(1, text(2, dimension)));
  const tensor = [...integer(1, FLOAT), ...bytes(2, shape)];
  return [...text(1, name), ...bytes(2, bytes(1, tensor))];
}

function flag(name: string, value: boolean): number[] {
  return [...text(1, name), ...integer(3, Number(value)), ...integer(20, INT)];
}

function integer(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function bytes(field: number, content: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
}

function text(field: number, content: string): number[] {
  return bytes(field, [...new TextEncoder().encode(content)]);
}

/** Seven bits a byte, lowest first; all but the last have the top bit set. */
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
