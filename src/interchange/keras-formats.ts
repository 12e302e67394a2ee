import { ResiduumError } from '../core/errors.js';
import { decodeHdf5, Hdf5Dataset, type Hdf5Group } from '../formats/hdf5/decode-hdf5.js';
import { ZipArchive } from '../formats/zip.js';
import type { FileReport, Finding, LayerReport, WeightReport } from './file-report.js';
import {
  ARCHIVE,
  decodeKeras,
  encodeKeras,
  encodeKerasWeights,
  parseConfig,
  readArchiveConfig,
} from './keras/keras-archive.js';
import { sharedLayerClasses } from './keras/layer-options.js';
import { decodeLegacyH5, encodeLegacyH5, isLegacyH5 } from './keras/legacy-h5.js';
import { loadKerasWeights } from './keras/load-weights.js';
import { type ModelFormat, requireArchitecture } from './model-format.js';

const HDF5_START = [0x89, 0x48, 0x44, 0x46];
const ZIP_START = [0x50, 0x4b, 0x03, 0x04];
const MOST_ARRAYS = 200_000;
const MOST_GROUPS = 100_000;
const DEEPEST_GROUP = 40;
const MODELS = ['Functional', 'Model', 'Sequential'];

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, i) => bytes[i] === byte);

/** What says nothing about a layer: its name stands beside it, and these are the same for almost all. */
const UNSAID = ['name', 'dtype', 'data_format', 'shared_object_id', 'sparse', 'ragged', 'optional'];

/** Options of a layer in a line; those that are not given or as usual are left out. */
function optionsInWords(options: unknown): string {
  if (typeof options !== 'object' || options === null) return '';
  return Object.entries(options)
    .filter(([key, value]) => !UNSAID.includes(key) && value !== null)
    .filter(([key, value]) => key !== 'trainable' || value !== true)
    .map(([key, value]) => `${key} ${valueInWords(value)}`)
    .join(', ');
}

/** A value of an option; of an object its class and what was chosen for it. */
function valueInWords(value: unknown): string {
  const { class_name: className, config } = (value ?? {}) as Record<string, unknown>;
  if (typeof className !== 'string') {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  }
  const chosen = optionsInWords(config);
  return chosen === '' ? className : `${className} (${chosen})`;
}

/** The layers of a config whose form is not known yet, with those of nested models. */
function listLayers(config: unknown, prefix = '', depth = 0): LayerReport[] {
  const layers = (config as { config?: { layers?: unknown } })?.config?.layers;
  if (!Array.isArray(layers) || depth > DEEPEST_GROUP) return [];
  return layers.flatMap((layer: unknown) => {
    const { class_name, name, config: options } = (layer ?? {}) as Record<string, unknown>;
    const own = (options as { name?: unknown })?.name;
    const report = {
      name: `${prefix}${String(name ?? own)}`,
      className: String(class_name),
      detail: MODELS.includes(String(class_name)) ? undefined : optionsInWords(options),
    };
    return [report, ...listLayers(layer, `${report.name}/`, depth + 1)];
  });
}

function findingsOf(layers: readonly LayerReport[]): Finding[] {
  const known = [...sharedLayerClasses, ...MODELS, 'InputLayer'];
  return layers.flatMap(({ name, className }): Finding[] => {
    if (className === 'Lambda') {
      const message = `layer '${name}' is a Lambda: its code is never run; hand its function in by name when loading`;
      return [{ kind: 'unsafe', message }];
    }
    if (known.includes(className)) return [];
    return [
      { kind: 'unloadable', message: `layer '${name}' is of the unknown class '${className}'` },
    ];
  });
}

/** Every array below a group; what cannot be followed becomes a finding. */
function listArrays(root: Hdf5Group): { weights: WeightReport[]; findings: Finding[] } {
  const weights: WeightReport[] = [];
  const findings: Finding[] = [];
  let groups = 0;
  // Groups may hold themselves, so depth and number are bounded.
  const walk = (group: Hdf5Group, prefix: string, depth: number): void => {
    if (depth > DEEPEST_GROUP) return;
    for (const name of group.names) {
      if (weights.length >= MOST_ARRAYS || ++groups > MOST_GROUPS) return;
      const path = `${prefix}${name}`;
      try {
        const found = group.get(name);
        if (found instanceof Hdf5Dataset) {
          const { shape, type } = found;
          weights.push({ name: path, shape, dtype: type.kind === 'other' ? type.what : type.kind });
        } else if (found !== undefined) walk(found, `${path}/`, depth + 1);
      } catch (error) {
        if (!(error instanceof ResiduumError)) throw error;
        const unsafe = / link, which is never followed/.test(error.message);
        findings.push({ kind: unsafe ? 'unsafe' : 'unloadable', message: error.message });
      }
    }
  };
  walk(root, '', 0);
  return { weights, findings };
}

function reportOf(config: unknown, root: Hdf5Group, facts: FileReport['facts']): FileReport {
  const layers = listLayers(config);
  const { weights, findings } = listArrays(root);
  return { facts, layers, weights, findings: [...findingsOf(layers), ...findings] };
}

function textFact(value: unknown): string {
  return typeof value === 'string' ? value : 'not named';
}

const recheck = (file: string) => ({
  imports: 'keras',
  outputs: `(lambda y: y if isinstance(y, list) else [y])(keras.saving.load_model(${file}, compile=False).predict([f(i) for i in r['inputs']] if len(r['inputs']) > 1 else f(r['inputs'][0])))`,
});

/** Keras 3's own format: a zip of config and weights. */
export const kerasFormat: ModelFormat = {
  name: 'keras',
  title: 'Keras 3',
  extensions: ['.keras'],
  detect: (bytes) => {
    try {
      return (
        startsWith(bytes, ZIP_START) && new ZipArchive(bytes, '').names.includes(ARCHIVE.config)
      );
    } catch {
      return false;
    }
  },
  async inspect(bytes, source) {
    const archive = new ZipArchive(bytes, source);
    const config = readArchiveConfig(archive, source);
    const text = new TextDecoder().decode(archive.read(ARCHIVE.metadata, 2 ** 16).slice());
    const metadata = parseConfig(text, `${source}: ${ARCHIVE.metadata}`) as Record<string, unknown>;
    const weights = archive.read(ARCHIVE.weights, bytes.length);
    return reportOf(config, decodeHdf5(weights, `${source}: ${ARCHIVE.weights}`), [
      ['Keras', textFact(metadata?.keras_version)],
      ['Saved', textFact(metadata?.date_saved)],
      ['Compiled', config.compile_config ? 'yes' : 'no'],
      ['Members', archive.names.join(', ')],
    ]);
  },
  importModel: (bytes, { architecture: _, ...options }) => decodeKeras(bytes, options),
  exportModel: (model, { compile }) => encodeKeras(model, { compile }),
  recheck,
};

/** Whether an HDF5 file holds a whole model; false for what is none. */
function holdsModel(bytes: Uint8Array): boolean {
  try {
    return startsWith(bytes, HDF5_START) && decodeHdf5(bytes).texts('model_config') !== undefined;
  } catch {
    return false;
  }
}

/** Keras's older format: a whole model as one HDF5 file. */
export const kerasH5Format: ModelFormat = {
  name: 'h5',
  title: 'Keras, legacy HDF5',
  extensions: ['.h5'],
  detect: holdsModel,
  async inspect(bytes, source) {
    const root = decodeHdf5(bytes, source);
    const text = root.text('model_config');
    const config = text === undefined ? {} : parseConfig(text, `${source}: model_config`);
    return reportOf(config, root, [
      ['Keras', root.text('keras_version') ?? 'not named'],
      ['Backend', root.text('backend') ?? 'not named'],
      ['Compiled', root.text('training_config') === undefined ? 'no' : 'yes'],
    ]);
  },
  importModel: (bytes, { architecture: _, ...options }) => decodeLegacyH5(bytes, options),
  exportModel: (model, { compile }) => encodeLegacyH5(model, { compile }),
  recheck,
};

/** Weights alone, as Keras saves them. */
export const kerasWeightsFormat: ModelFormat = {
  name: 'keras-weights',
  title: 'Keras weights',
  extensions: ['.weights.h5'],
  weightsOnly: true,
  detect: (bytes) => startsWith(bytes, HDF5_START) && !holdsModel(bytes),
  async inspect(bytes, source) {
    const root = decodeHdf5(bytes, source);
    const layout = isLegacyH5(root) ? 'by layer names, as before Keras 3' : 'Keras 3';
    return reportOf({}, root, [['Layout', layout]]);
  },
  async importModel(bytes, options) {
    const model = requireArchitecture(options);
    await loadKerasWeights(model, bytes, { source: options.source });
    return model;
  },
  exportModel: (model) => encodeKerasWeights(model),
};
