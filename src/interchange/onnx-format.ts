import { decodeOnnx, looksLikeOnnx } from '../formats/onnx/decode-onnx.js';
import { type OnnxModel, type OnnxTensor, onnxTypeName } from '../formats/onnx/onnx-model.js';
import type { FileReport, Finding } from './file-report.js';
import type { ModelFormat } from './model-format.js';
import { encodeOnnxModel } from './onnx/export-onnx.js';
import { importOnnx } from './onnx/import-onnx.js';

function findingsOf({ graph, hasFunctions }: OnnxModel): Finding[] {
  const tensors: OnnxTensor[] = [...graph.initializers];
  const findings: Finding[] = [];
  for (const node of graph.nodes) {
    for (const [key, attribute] of node.attributes) {
      if (attribute.kind === 'tensor') tensors.push(attribute.value);
      if (attribute.kind !== 'unread') continue;
      const message = `node '${node.name}' (${node.opType}) holds ${attribute.value} in '${key}', which is not read`;
      findings.push({ kind: 'note', message });
    }
  }
  for (const { name, externalLocation } of tensors) {
    if (externalLocation === undefined) continue;
    const message = `array '${name}' lies outside the file, in '${externalLocation}', which is never opened`;
    findings.push({ kind: 'unsafe', message });
  }
  if (hasFunctions) {
    findings.push({ kind: 'note', message: 'the file defines functions of its own' });
  }
  return findings;
}

/** ONNX: what a model computes, for ONNX Runtime and everything that reads it. */
export const onnxFormat: ModelFormat = {
  name: 'onnx',
  title: 'ONNX',
  extensions: ['.onnx'],
  detect: looksLikeOnnx,
  async inspect(bytes, source): Promise<FileReport> {
    const model = decodeOnnx(bytes, source);
    const { irVersion, producer, opset, domains, graph } = model;
    const values = (list: typeof graph.inputs) =>
      list
        .map(
          ({ name, shape }) => `${name} [${shape?.map((size) => size ?? '?').join(', ') ?? '?'}]`,
        )
        .join(', ');
    return {
      facts: [
        ['Producer', producer || 'not named'],
        ['Operators', `version ${opset}${[...domains.keys()].map((name) => `, ${name}`).join('')}`],
        ['IR version', String(irVersion)],
        ['Inputs', values(graph.inputs)],
        ['Outputs', values(graph.outputs)],
      ],
      layers: graph.nodes.map(({ name, opType, inputs, outputs }) => ({
        name: name || outputs[0] || '',
        className: opType,
        detail: `${inputs.join(', ')} → ${outputs.join(', ')}`,
      })),
      weights: graph.initializers.map(({ name, dims, type }) => ({
        name,
        shape: dims,
        dtype: onnxTypeName(type),
      })),
      findings: findingsOf(model),
    };
  },
  importModel: async (bytes, { source }) => importOnnx(bytes, { source }),
  exportModel: (model, { foldBatchNorm }) => encodeOnnxModel(model, { foldBatchNorm }),
  recheck: (file) => ({
    imports: 'onnxruntime as ort',
    outputs: `ort.InferenceSession(${file}).run(None, {i['name']: f(i) for i in r['inputs']})`,
  }),
};
