import { ResiduumError } from '../core/errors.js';
import { decodeSafetensors } from '../formats/safetensors.js';
import { decodeModel, encodeModel } from '../models/model-file.js';
import type { FileReport, Finding, LayerReport } from './file-report.js';
import type { ModelFormat } from './model-format.js';
import { safetensorsKind } from './safetensors-header.js';

/** The layers of a config whose form is not known yet. */
function layersOf(json: string | undefined): { layers: LayerReport[]; findings: Finding[] } {
  try {
    const config: unknown = JSON.parse(json ?? '');
    const entries: unknown = (config as { layers?: unknown }).layers;
    if (!Array.isArray(entries)) throw new TypeError('no layers');
    const layers = entries.map((entry: unknown) => {
      const { name, className, config: options } = entry as Record<string, unknown>;
      return {
        name: String(name),
        className: String(className),
        detail: JSON.stringify(options ?? {}),
      };
    });
    const lambdas = layers.filter(({ className }) => className === 'Lambda');
    const findings = lambdas.map(({ name }): Finding => {
      const message = `the function of lambda layer '${name}' is not in the file; hand it in by name when loading`;
      return { kind: 'note', message };
    });
    return { layers, findings };
  } catch {
    const message = 'the graph in its metadata is not a list of layers';
    return { layers: [], findings: [{ kind: 'unloadable', message }] };
  }
}

function describeCompile(json: string | undefined): string {
  if (json === undefined) return 'no';
  try {
    const { optimizer } = JSON.parse(json) as { optimizer?: { name?: unknown } };
    return `yes, with ${String(optimizer?.name)}`;
  } catch (error) {
    if (error instanceof ResiduumError) throw error;
    return 'unreadable';
  }
}

/** The library's own files: graph, weights, losses and optimizer state in one safetensors file. */
export const safetensorsFormat: ModelFormat = {
  name: 'safetensors',
  title: "residuum's own model file",
  extensions: ['.safetensors'],
  detect: (bytes) => safetensorsKind(bytes) === 'residuum',
  async inspect(bytes, source): Promise<FileReport> {
    const { tensors, metadata } = decodeSafetensors(bytes, { source });
    const weights = [...tensors].map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
    return {
      facts: [
        ['Version', metadata.version ?? 'none'],
        ['Compiled', describeCompile(metadata.compile)],
        ['Steps trained', metadata.iterations ?? '0'],
      ],
      ...layersOf(metadata.model),
      weights,
    };
  },
  importModel: (bytes, { source, lambdas, architecture: _, ...executor }) =>
    decodeModel(bytes, { source, lambdas, ...executor }),
  exportModel: (model) => encodeModel(model),
};
