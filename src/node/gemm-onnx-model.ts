import { encodeOnnx } from '../formats/onnx/encode-onnx.js';
import { ONNX_TYPES, type OnnxAttribute, type OnnxValue } from '../formats/onnx/onnx-model.js';

/** Which `Gemm` a session computes. */
export interface GemmVariant {
  transposeA: boolean;
  transposeB: boolean;
  /** The model has a third input `c` of the output's shape, which is added. */
  accumulate: boolean;
}

const IR_VERSION = 8;
const OPSET = 13;

/** An output of a type for which JavaScript has no array: bfloat16. */
export const UNREADABLE_OUTPUT = 'unreadable';

/**
 * An ONNX model of one `Gemm` with symbolic sizes: y `[m, n]` = op(a) · op(b) (+ c). With `unreadable` it has
 * `UNREADABLE_OUTPUT`, a constant, before `y`.
 */
export function encodeGemmModel(
  { transposeA, transposeB, accumulate }: GemmVariant,
  { unreadable = false } = {},
): Uint8Array<ArrayBuffer> {
  const value = (name: string, shape: string[]): OnnxValue => {
    return { name, type: ONNX_TYPES.float, shape };
  };
  const inputs = [
    value('a', transposeA ? ['k', 'm'] : ['m', 'k']),
    value('b', transposeB ? ['n', 'k'] : ['k', 'n']),
    ...(accumulate ? [value('c', ['m', 'n'])] : []),
  ];
  const constant = { name: UNREADABLE_OUTPUT, type: ONNX_TYPES.bfloat16 };
  const flag = (set: boolean): OnnxAttribute => ({ kind: 'int', value: Number(set) });
  const node = {
    name: 'gemm',
    opType: 'Gemm',
    domain: '',
    inputs: inputs.map(({ name }) => name),
    outputs: ['y'],
    attributes: new Map([
      ['transA', flag(transposeA)],
      ['transB', flag(transposeB)],
    ]),
  };
  const pieces = encodeOnnx({
    irVersion: IR_VERSION,
    producer: 'residuum',
    opset: OPSET,
    domains: new Map(),
    graph: {
      name: 'gemm',
      nodes: [node],
      initializers: unreadable ? [{ ...constant, dims: [1], raw: new Uint8Array(2) }] : [],
      inputs,
      outputs: [...(unreadable ? [{ ...constant, shape: [1] }] : []), value('y', ['m', 'n'])],
    },
    hasFunctions: false,
  });
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
