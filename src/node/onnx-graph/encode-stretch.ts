import { sizeOf } from '../../core/shape.js';
import { encodeOnnx } from '../../formats/onnx/encode-onnx.js';
import {
  ONNX_TYPES,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '../../formats/onnx/onnx-model.js';
import type { Stretch, StretchPort } from './find-stretch.js';
import { constantShape, type GraphNode, type GraphWriter } from './graph-writer.js';
import { makeConstant, type ReadState } from './weight-recipe.js';

const IR_VERSION = 8;
const OPSET = 17;
/** Constants of so many bytes are made one by one, straight into the file, so that no two are held. */
const LARGE = 65536;

/** The stretch as an ONNX file with the present weights, for any number of samples. */
export function encodeStretch({ graph, inputs, outputs }: Stretch, read: ReadState): Uint8Array {
  const made = new Map<Uint8Array, () => Uint8Array>();
  const initializers = [...graph.constants.values()].map(({ name, recipe }): OnnxTensor => {
    const dims = constantShape(recipe);
    if (recipe.kind === 'integers') {
      return { name, dims, type: ONNX_TYPES.int64, integers: recipe.values };
    }
    const make = () => bytesOf(makeConstant(recipe, read));
    const size = 4 * sizeOf(dims);
    // A place of the right length, whose memory is never touched.
    const raw = size < LARGE ? make() : new Uint8Array(size);
    if (size >= LARGE) made.set(raw, make);
    return { name, dims, type: ONNX_TYPES.float, raw };
  });
  const pieces = encodeOnnx({
    irVersion: IR_VERSION,
    producer: 'residuum',
    opset: OPSET,
    domains: new Map(),
    graph: {
      name: 'stretch',
      nodes: graph.nodes.map(nodeOf),
      initializers,
      inputs: inputs.map((port, i) => portOf(graph, port, `in${i}`)),
      outputs: outputs.map((port, i) => portOf(graph, port, `out${i}`)),
    },
    hasFunctions: false,
  });
  const file = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(made.get(piece)?.() ?? piece, at);
    at += piece.length;
  }
  return file;
}

function nodeOf({ operator, inputs, output, attributes = {} }: GraphNode): OnnxNode {
  const entries = Object.entries(attributes).map(([name, value]): [string, OnnxAttribute] => [
    name,
    typeof value === 'number' ? { kind: 'int', value } : { kind: 'ints', value },
  ]);
  return {
    name: output,
    opType: operator,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(entries),
  };
}

/** An array whose first axis, `rows`, is free. */
function portOf(graph: GraphWriter, { tensor }: StretchPort, rows: string): OnnxValue {
  return { name: graph.form(tensor), type: ONNX_TYPES.float, shape: [rows, ...tensor.tail] };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
