import { encodeOnnx } from '../formats/onnx/encode-onnx.js';
import { ONNX_TYPES, type OnnxAttribute, type OnnxValue } from '../formats/onnx/onnx-model.js';

/** Which `Gemm`s a session computes. */
export interface GemmVariant {
  transposeA: boolean;
  transposeB: boolean;
  /** The model has further inputs of the outputs' shape, which are added. */
  accumulate: boolean;
  /** How many of one shape. */
  count: number;
}

const IR_VERSION = 8;
const OPSET = 13;

/** An output of a type for which JavaScript has no array: bfloat16. */
export const UNREADABLE_OUTPUT = 'unreadable';

/**
 * An ONNX model of `count` times `Gemm` with symbolic sizes: yᵢ `[m, n]` = op(aᵢ) · op(bᵢ) (+ cᵢ). With
 * `unreadable` it has `UNREADABLE_OUTPUT`, a constant, before `y0`.
 */
export function encodeGemmModel(
  { transposeA, transposeB, accumulate, count }: GemmVariant,
  { unreadable = false } = {},
): Uint8Array<ArrayBuffer> {
  const value = (name: string, shape: string[]): OnnxValue => {
    return { name, type: ONNX_TYPES.float, shape };
  };
  const constant = { name: UNREADABLE_OUTPUT, type: ONNX_TYPES.bfloat16 };
  const flag = (set: boolean): OnnxAttribute => ({ kind: 'int', value: Number(set) });
  const inputsOf = (i: number) => [
    value(`a${i}`, transposeA ? ['k', 'm'] : ['m', 'k']),
    value(`b${i}`, transposeB ? ['n', 'k'] : ['k', 'n']),
    ...(accumulate ? [value(`c${i}`, ['m', 'n'])] : []),
  ];
  const products = Array.from({ length: count }, (_, i) => i);
  const pieces = encodeOnnx({
    irVersion: IR_VERSION,
    producer: 'residuum',
    opset: OPSET,
    domains: new Map(),
    graph: {
      name: 'gemm',
      nodes: products.map((i) => ({
        name: `gemm${i}`,
        opType: 'Gemm',
        domain: '',
        inputs: inputsOf(i).map(({ name }) => name),
        outputs: [`y${i}`],
        attributes: new Map([
          ['transA', flag(transposeA)],
          ['transB', flag(transposeB)],
        ]),
      })),
      initializers: unreadable ? [{ ...constant, dims: [1], raw: new Uint8Array(2) }] : [],
      inputs: products.flatMap(inputsOf),
      outputs: [
        ...(unreadable ? [{ ...constant, shape: [1] }] : []),
        ...products.map((i) => value(`y${i}`, ['m', 'n'])),
      ],
    },
    hasFunctions: false,
  });
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
