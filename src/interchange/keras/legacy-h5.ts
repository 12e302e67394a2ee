import { FormatError } from '../../core/errors.js';
import { decodeHdf5, type Hdf5Group } from '../../formats/hdf5/decode-hdf5.js';
import { encodeHdf5 } from '../../formats/hdf5/encode-hdf5.js';
import { type Hdf5AttributeInput, Hdf5GroupInput } from '../../formats/hdf5/hdf5-tree.js';
import type { Variable } from '../../graph/variable.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { isNetworkLayer } from '../../network/network.js';
import { compileToKeras } from './compile-config.js';
import {
  compileAsFileSays,
  type DecodeKerasOptions,
  type EncodeKerasOptions,
  KERAS_VERSION,
  parseConfig,
} from './keras-archive.js';
import { classToSnakeCase, stringifyForKeras, toSnakeCase } from './keras-json.js';
import { modelFromKeras } from './model-from-keras.js';
import { modelToKerasConfig } from './model-to-keras.js';
import { optimizerArrays, takeOptimizerArrays } from './optimizer-arrays.js';
import { type FoundWeight, findWeights, takeWeights } from './weight-matching.js';
import { isChain, type LayerOrder, layerOrderOf } from './weight-paths.js';

/** Most bytes of one list of names; Keras splits longer ones. */
const LONGEST_LIST = 64_512;
const MOST_PARTS = 10_000;

/** Weights of a layer in the order of these files: all that train, then the others. */
function legacyWeights(layer: Layer): Variable[] {
  return [...layer.trainableWeights, ...layer.nonTrainableWeights];
}

/** Names of the weights of a layer of a model by Keras's paths; in a nested model, those of its layers. */
function weightNames(model: Model, layer: Layer): Map<Variable, string> {
  const names = new Map<Variable, string>();
  const walk = (one: Layer, prefix: string): void => {
    if (isNetworkLayer(one)) {
      const inner = isChain(one) ? `${prefix}${one.name}/` : prefix;
      for (const child of one.network.layers) walk(child, inner);
      return;
    }
    for (const variable of one.weights) {
      if (!names.has(variable)) {
        names.set(variable, `${prefix}${one.name}/${toSnakeCase(variable.name)}`);
      }
    }
  };
  walk(layer, isChain(model) ? `${model.name}/` : '');
  const taken = new Set<string>();
  for (const [variable, name] of names) {
    let unique = name;
    for (let i = 1; taken.has(unique); i++) unique = `${name}_${i}`;
    taken.add(unique);
    names.set(variable, unique);
  }
  return names;
}

/** A list of names as an attribute, or as several where it is too long for one. */
function setNames(group: Hdf5GroupInput, name: string, texts: readonly string[]): void {
  const encoder = new TextEncoder();
  const longest = texts.reduce((most, text) => Math.max(most, encoder.encode(text).length), 0);
  let parts = 1;
  // The first parts take the rest of the division, as in NumPy's array_split.
  while (Math.ceil(texts.length / parts) * longest > LONGEST_LIST) parts++;
  if (parts === 1) {
    group.attributes.set(name, { texts, fixed: false });
    return;
  }
  let first = 0;
  for (let part = 0; part < parts; part++) {
    const size = Math.floor(texts.length / parts) + (part < texts.length % parts ? 1 : 0);
    const value: Hdf5AttributeInput = { texts: texts.slice(first, first + size), fixed: true };
    group.attributes.set(`${name}${part}`, value);
    first += size;
  }
}

function getNames(group: Hdf5Group, name: string): string[] | undefined {
  const whole = group.texts(name);
  if (whole !== undefined) return whole;
  const names: string[] = [];
  for (let part = 0; part < MOST_PARTS; part++) {
    const more = group.texts(`${name}${part}`);
    if (more === undefined) return part === 0 ? undefined : names;
    names.push(...more);
  }
  return names;
}

function listed(model: Model): Layer[] {
  return layerOrderOf(model).map(({ name }) => model.getLayer(name));
}

/** The config without what only Keras 3 archives hold. */
function legacyConfig(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(legacyConfig);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'build_config');
  return Object.fromEntries(entries.map(([key, one]) => [key, legacyConfig(one)]));
}

/**
 * A model as Keras's older whole-model `.h5` file: attributes `model_config` and `training_config`, groups
 * `model_weights` and `optimizer_weights`. `keras.saving.load_model` reads it.
 * @returns the file in pieces.
 * @throws {ValueError} for a layer or a learning-rate schedule that Keras does not have, and for a lambda.
 */
export async function encodeLegacyH5(
  model: Model,
  options: EncodeKerasOptions = {},
): Promise<Uint8Array[]> {
  const root = new Hdf5GroupInput();
  const about = { backend: 'tensorflow', keras_version: KERAS_VERSION };
  for (const [key, text] of Object.entries(about)) root.attributes.set(key, text);
  const { class_name, config } = modelToKerasConfig(model);
  root.attributes.set('model_config', stringifyForKeras(legacyConfig({ class_name, config })));
  const weights = root.group('model_weights');
  for (const [key, text] of Object.entries(about)) weights.attributes.set(key, text);
  const layers = listed(model);
  setNames(
    weights,
    'layer_names',
    layers.map(({ name }) => name),
  );
  for (const layer of layers) {
    const group = weights.group(layer.name);
    const names = weightNames(model, layer);
    const variables = legacyWeights(layer);
    setNames(
      group,
      'weight_names',
      variables.map((variable) => names.get(variable) ?? ''),
    );
    for (const variable of variables) {
      const data = await variable.read();
      group.dataset(names.get(variable) ?? '', { shape: variable.shape, data });
    }
  }
  setNames(weights.group('top_level_model_weights'), 'weight_names', []);
  const compile = options.compile === false ? undefined : compileToKeras(model);
  if (compile !== undefined) {
    const { optimizer, ...training } = compile;
    const text = stringifyForKeras({ ...training, optimizer_config: optimizer });
    root.attributes.set('training_config', text);
    await writeOptimizer(model, root);
  }
  return encodeHdf5(root);
}

async function writeOptimizer(model: Model, root: Hdf5GroupInput): Promise<void> {
  const group = root.group('optimizer_weights');
  const names: string[] = [];
  const paths = new Map(listed(model).flatMap((layer) => [...weightNames(model, layer)]));
  for (const { name, dataset } of await optimizerArrays(model, paths)) {
    let unique = `${classToSnakeCase(model.optimizer.name)}/${name}`;
    while (names.includes(unique)) unique += '_';
    names.push(unique);
    group.dataset(unique, dataset);
  }
  setNames(group, 'weight_names', names);
}

/** Looks for every weight of a model in a file that lists weights by layer, in order. */
function findByOrder(
  model: Model,
  weights: Hdf5Group,
  order: LayerOrder,
  source: string,
): FoundWeight[] {
  const stored = (getNames(weights, 'layer_names') ?? []).map((name) => {
    const group = weights.group(name);
    if (group === undefined)
      throw new FormatError(`${source} lists the layer '${name}', but lacks it`);
    return {
      name,
      paths: (getNames(group, 'weight_names') ?? []).map((path) => `${name}/${path}`),
    };
  });
  const inFile = stored.filter(({ paths }) => paths.length > 0);
  const inModel = order
    .map(({ name }) => model.getLayer(name))
    .filter((layer) => layer.weights.length > 0);
  if (inFile.length !== inModel.length) {
    throw new FormatError(
      `${source} holds weights of ${inFile.length} layers, but model '${model.name}' has ${inModel.length} with weights; the first that differ are ${firstDifference(inFile, inModel)}`,
    );
  }
  return inModel.flatMap((layer, i) =>
    findWeights(weights, {
      layer,
      weights: legacyWeights(layer),
      paths: inFile[i].paths,
      fileLayer: inFile[i].name,
      stored: inFile[i].paths.length,
    }),
  );
}

function firstDifference(
  inFile: readonly { name: string; paths: readonly string[] }[],
  inModel: readonly Layer[],
): string {
  const count = Math.max(inFile.length, inModel.length);
  const differs = (i: number) => inFile[i]?.paths.length !== inModel[i]?.weights.length;
  const at = Array.from({ length: count }, (_, i) => i).find(differs) ?? count - 1;
  const model = inModel[at] ? `'${inModel[at].name}'` : 'none';
  return `${model} in the model and ${inFile[at] ? `'${inFile[at].name}'` : 'none'} in the file`;
}

/** The group of weights: of a whole model, or the file itself where it holds weights only. */
function weightsGroup(root: Hdf5Group): Hdf5Group | undefined {
  return root.group('model_weights') ?? (getNames(root, 'layer_names') ? root : undefined);
}

/** Whether a file is laid out by layer names, as Keras did before version 3. */
export function isLegacyH5(root: Hdf5Group): boolean {
  return weightsGroup(root) !== undefined;
}

/**
 * Makes a model of a whole-model `.h5` file of Keras 2 or 3, which may be untrusted.
 * @throws {FormatError} when the file is damaged, holds weights only, or holds what cannot be carried over.
 */
export async function decodeLegacyH5(
  bytes: Uint8Array,
  options: DecodeKerasOptions = {},
): Promise<Model> {
  const { source = 'the Keras file', lambdas, inputShape, compile = true, ...executor } = options;
  const root = decodeHdf5(bytes, source);
  const text = root.text('model_config');
  const weights = root.group('model_weights');
  if (text === undefined || weights === undefined) {
    throw new FormatError(
      `${source} is no whole model: it lacks ${text === undefined ? 'model_config' : 'model_weights'}`,
    );
  }
  const config = parseConfig(text, `${source}: model_config`);
  const { model, order } = modelFromKeras(config, {
    lambdas,
    inputShape,
    where: `${source}: model_config`,
  });
  await takeWeights(model.name, findByOrder(model, weights, order, source), source);
  const training = root.text('training_config');
  if (!compile || training === undefined) return model;
  const parsed = parseConfig(training, `${source}: training_config`);
  if (!compileAsFileSays(model, parsed, { source, executor })) return model;
  const group = root.group('optimizer_weights');
  const names = (group && getNames(group, 'weight_names')) ?? [];
  const datasets = names.map((name) => {
    const dataset = group?.dataset(name);
    if (dataset !== undefined) return dataset;
    throw new FormatError(`${source} lists the array '${name}' of its optimizer, but lacks it`);
  });
  await takeOptimizerArrays(model, datasets, source);
  return model;
}

/**
 * Gives a model the weights of a legacy `.h5` file, of a whole model or of weights only, all or none. Layers
 * are told apart by their order.
 * @throws {FormatError} when one does not fit, naming layer and path.
 */
export function findInLegacyH5(model: Model, root: Hdf5Group, source: string): FoundWeight[] {
  const weights = weightsGroup(root);
  if (weights === undefined) throw new FormatError(`${source} holds no weights by layer names`);
  return findByOrder(model, weights, layerOrderOf(model), source);
}
