import { FormatError, ResiduumError } from '../../core/errors.js';
import { decodeOnnx } from '../../formats/onnx/decode-onnx.js';
import type { OnnxModel, OnnxNode, OnnxValue } from '../../formats/onnx/onnx-model.js';
import { Model } from '../../models/model.js';
import { OnnxGraphReader } from './graph-reader.js';
import { importRules } from './import-rules.js';

const OLDEST_OPSET = 7;
const IMAGE_RANK = 4;

/** Operators that need images as [N, C, H, W]. */
const IMAGE_OPERATORS = new Set([
  'Conv',
  'BatchNormalization',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
]);

/**
 * The order of axes of an input, by what first depends on it: images of PyTorch's are [N, C, H, W], those
 * of TensorFlow's are transposed before the first convolution.
 */
function orderOfInput(reader: OnnxGraphReader, { name, shape }: OnnxValue): 'ours' | 'nchw' {
  if (shape?.length !== IMAGE_RANK) return 'ours';
  const seen = new Set<OnnxNode>();
  const names = [name];
  for (const one of names) {
    for (const node of reader.consumers(one)) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (IMAGE_OPERATORS.has(node.opType)) return 'nchw';
      if (node.opType === 'Transpose' || node.opType === 'Reshape') return 'ours';
      for (const output of node.outputs) names.push(output);
    }
  }
  return 'ours';
}

function readNode(reader: OnnxGraphReader, node: OnnxNode): void {
  const absorbed = reader.absorbedInto(node);
  if (absorbed !== undefined) {
    const value = reader.find(absorbed);
    if (value !== undefined) {
      reader.set(node, value);
      return;
    }
  }
  const subgraph = [...node.attributes.values()].find(({ kind }) => kind === 'unread');
  const rule = node.domain === '' ? importRules.get(node.opType) : undefined;
  if (rule === undefined) {
    const what = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    const held = subgraph?.kind === 'unread' ? ` (it holds ${subgraph.value})` : '';
    throw reader.fail(
      node,
      `there is no layer here for '${what}'${held}; known are ${[...importRules.keys()].join(', ')}`,
    );
  }
  try {
    rule(reader, node);
  } catch (error) {
    if (error instanceof FormatError || !(error instanceof ResiduumError)) throw error;
    throw reader.fail(node, error.message);
  }
}

function buildModel(file: OnnxModel, source: string, bytes: number): Model {
  const { graph, opset } = file;
  if (opset < OLDEST_OPSET) {
    throw new FormatError(
      `${source} is written with ONNX operators of version ${opset}; versions from ${OLDEST_OPSET} on are read`,
    );
  }
  if (file.hasFunctions) {
    throw new FormatError(`${source} defines functions of its own, which are not read`);
  }
  const reader = new OnnxGraphReader(file, source, bytes);
  const inputs = graph.inputs
    .filter(({ name }) => !reader.has(name))
    .map((value) => reader.input(value, orderOfInput(reader, value)));
  for (const node of graph.nodes) readNode(reader, node);
  const outputs = graph.outputs.map((value) => {
    const { tensor, flattened, order } = reader.output(value);
    if (flattened === undefined && order !== 'rows') return tensor;
    throw new FormatError(
      `${source}: output '${value.name}' is a flattened image, whose elements have another order here`,
    );
  });
  return new Model({ inputs, outputs, name: reader.layerName(graph.name) });
}

/** Options of `importOnnx`. */
export interface ImportOnnxOptions {
  /** Name of the file, for messages. */
  source?: string;
}

/**
 * Makes a model of an ONNX file: convolutional networks with the operators of residual networks, as this
 * library, PyTorch and TensorFlow write them. It is trainable: weights become weights of layers. Images
 * are `[N, H, W, C]` in the model, whatever the file's order is, and padding is explicit where neither
 * `valid` nor `same` says it.
 * @throws {FormatError} naming the node, for operators without a layer here, data outside the file,
 * subgraphs, sizes that are left open or do not fit; nothing is executed and nothing else is opened.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOnnxOptions = {}): Model {
  const { source = 'the ONNX file' } = options;
  const file = decodeOnnx(bytes, source);
  try {
    return buildModel(file, source, bytes.length);
  } catch (error) {
    if (error instanceof FormatError || !(error instanceof ResiduumError)) throw error;
    throw new FormatError(`${source}: ${error.message}`);
  }
}
