import { encodeOnnx } from '../../formats/onnx/encode-onnx.js';
import type { Model } from '../../models/model.js';
import { writeOperation } from './export-rules.js';
import { OnnxGraphBuilder } from './graph-builder.js';
import { traceInference } from './trace-inference.js';

const IR_VERSION = 8;
/** Version of ONNX's operators that is written: that of ONNX 1.12 (2022). */
const OPSET = 17;

/** Options of `exportOnnx`. */
export interface ExportOnnxOptions {
  /** Whether batch normalisations are folded into the convolutions before them; default false. */
  foldBatchNorm?: boolean;
}

/**
 * Writes what a model computes in inference as an ONNX file of operator set 17: float32, any batch size,
 * inputs and outputs in our order of axes (images `[batch, H, W, C]`), inside as ONNX has them
 * (`[batch, C, H, W]`), all padding explicit. Weights keep their names, `layer/weight`.
 * @returns the bytes in pieces.
 * @throws {ValueError} naming the layer when it computes what has no ONNX form here.
 */
export async function encodeOnnxModel(
  model: Model,
  { foldBatchNorm = false }: ExportOnnxOptions = {},
): Promise<Uint8Array[]> {
  const trace = traceInference(model);
  const builder = new OnnxGraphBuilder(trace, model.inputNames);
  const state = {
    builder,
    foldBatchNorm,
    convs: new Map(),
    matmuls: new Map(),
    kernels: new Map(),
    pads: new Map(),
  };
  for (const operation of trace.operations) writeOperation(operation, state);
  const graph = await builder.finish(model.outputNames);
  return encodeOnnx({
    irVersion: IR_VERSION,
    producer: 'residuum',
    opset: OPSET,
    domains: new Map(),
    graph: { name: model.name, ...graph },
    hasFunctions: false,
  });
}

/**
 * The ONNX file of a model in one array; see `encodeOnnxModel`.
 * @throws {ValueError} naming the layer when it computes what has no ONNX form here.
 */
export async function exportOnnx(
  model: Model,
  options: ExportOnnxOptions = {},
): Promise<Uint8Array> {
  const pieces = await encodeOnnxModel(model, options);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
