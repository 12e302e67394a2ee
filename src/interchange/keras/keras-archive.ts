import { FormatError, ResiduumError } from '../../core/errors.js';
import { decodeHdf5, type Hdf5Dataset, type Hdf5Group } from '../../formats/hdf5/decode-hdf5.js';
import { encodeHdf5 } from '../../formats/hdf5/encode-hdf5.js';
import { Hdf5GroupInput } from '../../formats/hdf5/hdf5-tree.js';
import { parseUntrustedJson } from '../../formats/json-text.js';
import { encodeStoredZip, ZipArchive } from '../../formats/zip.js';
import type { LambdaFunctions } from '../../layers/registry.js';
import type { Model } from '../../models/model.js';
import type { ExecutorOptions } from '../../models/platform.js';
import { compileFromKeras, compileToKeras } from './compile-config.js';
import { asObject, type Json, stringifyForKeras } from './keras-json.js';
import { modelFromKeras } from './model-from-keras.js';
import { modelToKerasConfig } from './model-to-keras.js';
import { optimizerArrays, takeOptimizerArrays } from './optimizer-arrays.js';
import { isRateOfKeras } from './schedule-config.js';
import { findInWeightGroups, writeWeightGroups } from './weight-groups.js';
import { takeWeights } from './weight-matching.js';

/** Members of an archive. */
export const ARCHIVE = {
  metadata: 'metadata.json',
  config: 'config.json',
  weights: 'model.weights.h5',
} as const;

/** The version of Keras whose format is written. */
export const KERAS_VERSION = '3.15.1';
const LARGEST_CONFIG = 2 ** 24;
/** What an HDF5 file may take beside its numbers: names, headers and trees. */
const LARGEST_OVERHEAD = 2 ** 25;

/** Options of the readers of Keras files. */
export interface DecodeKerasOptions extends ExecutorOptions {
  /** Name of the file, for messages. */
  source?: string;
  /** Functions of lambda layers, by layer name: files never hold code. */
  lambdas?: LambdaFunctions;
  /** Sizes of one sample, such as [224, 224, 3], for an input of which the file leaves sizes open. */
  inputShape?: readonly number[];
  /** Whether the model is compiled as the file says, and goes on with its optimizer; default true. */
  compile?: boolean;
}

/** Options of the writers of Keras files that hold a whole model. */
export interface EncodeKerasOptions {
  /** Whether the file says how the model is trained, with the optimizer's state; default true. */
  compile?: boolean;
}

/** Parses a JSON text of a file. @throws {FormatError} for what is none. */
export function parseConfig(text: string, what: string): unknown {
  if (text.length > LARGEST_CONFIG)
    throw new FormatError(`${what} is longer than ${LARGEST_CONFIG}`);
  return parseUntrustedJson(text, (problem) => new FormatError(`${what} ${problem}`));
}

/** Compiles a model as its file says; errors of options name the file. */
export function compileAsFileSays(
  model: Model,
  config: unknown,
  { source = 'the Keras file', executor }: { source?: string; executor: ExecutorOptions },
): boolean {
  try {
    const options = compileFromKeras(config, model, `${source}: compile_config`);
    if (options === undefined) return false;
    model.compile({ ...executor, ...options });
    return true;
  } catch (error) {
    if (error instanceof FormatError || !(error instanceof ResiduumError)) throw error;
    throw new FormatError(`${source}: compile_config: ${error.message}`);
  }
}

/**
 * A model as Keras 3 saves it: a zip of `metadata.json`, `config.json` and `model.weights.h5`, with the
 * compile config and the optimizer's state where the model is compiled. `keras.saving.load_model` reads it.
 * @returns the file in pieces.
 * @throws {ValueError} for a layer or a learning-rate schedule that Keras does not have, and for a lambda.
 */
export async function encodeKeras(
  model: Model,
  options: EncodeKerasOptions = {},
): Promise<Uint8Array[]> {
  const compile = options.compile === false ? undefined : compileToKeras(model);
  const config = { ...modelToKerasConfig(model), ...(compile && { compile_config: compile }) };
  const root = new Hdf5GroupInput();
  await writeWeightGroups(model, root);
  if (compile !== undefined) await writeOptimizer(model, root);
  const text = (value: unknown) => [new TextEncoder().encode(stringifyForKeras(value))];
  return encodeStoredZip([
    [ARCHIVE.metadata, text({ keras_version: KERAS_VERSION, date_saved: '1980-01-01@00:00:00' })],
    [ARCHIVE.config, text(config)],
    [ARCHIVE.weights, encodeHdf5(root)],
  ]);
}

async function writeOptimizer(model: Model, root: Hdf5GroupInput): Promise<void> {
  const group = root.group('optimizer/vars');
  group.attributes.set('name', model.optimizer.name);
  for (const [i, { dataset }] of (await optimizerArrays(model)).entries()) {
    group.dataset(String(i), dataset);
  }
}

/**
 * Makes a model of a `.keras` file, which may be untrusted: only the library's own layers can be named,
 * nothing is executed or extracted, and the weights must fit what the config describes before they take
 * memory. A model that was compiled goes on where it stood.
 * @throws {FormatError} when the file is damaged, or holds what cannot be carried over, with its path.
 */
export async function decodeKeras(
  bytes: Uint8Array,
  options: DecodeKerasOptions = {},
): Promise<Model> {
  const { source = 'the Keras file', lambdas, inputShape, compile = true, ...executor } = options;
  const archive = new ZipArchive(bytes, source);
  const config = readArchiveConfig(archive, source);
  const { model, order } = modelFromKeras(config, {
    lambdas,
    inputShape,
    where: `${source}: config`,
  });
  const compiles = compile && compileAsFileSays(model, config.compile_config, { source, executor });
  const weights = model.countParams();
  const slots = compiles ? model.optimizer.slots.length : 3;
  const most = 4 * weights * (2 + slots) + LARGEST_OVERHEAD;
  const root = decodeHdf5(archive.read(ARCHIVE.weights, most), `${source}: ${ARCHIVE.weights}`);
  await takeWeights(model.name, findInWeightGroups(model, root, order), source);
  if (compiles) await takeOptimizerArrays(model, numbered(root, 'optimizer/vars'), source);
  return model;
}

/** The config of an archive. @throws {FormatError} when it is missing or no JSON object. */
export function readArchiveConfig(archive: ZipArchive, source: string): Json {
  const bytes = archive.read(ARCHIVE.config, LARGEST_CONFIG);
  const text = new TextDecoder().decode(bytes.slice());
  return asObject(parseConfig(text, `${source}: ${ARCHIVE.config}`), `${source}: config`);
}

/** The arrays `0`, `1`, … of a group. */
function numbered(root: Hdf5Group, path: string): Hdf5Dataset[] {
  const group = root.group(path);
  const datasets: Hdf5Dataset[] = [];
  for (let i = 0; i < (group?.names.length ?? 0); i++) {
    const dataset = group?.dataset(String(i));
    if (dataset === undefined) break;
    datasets.push(dataset);
  }
  return datasets;
}

/**
 * The weights of a model as Keras 3's `save_weights` writes them, in pieces; with the optimizer's state
 * where Keras has what the model was compiled with.
 */
export async function encodeKerasWeights(model: Model): Promise<Uint8Array[]> {
  const root = new Hdf5GroupInput();
  await writeWeightGroups(model, root);
  const isKeras = model.compiled && isRateOfKeras(model.optimizer.schedule);
  if (isKeras && compileToKeras(model) !== undefined) await writeOptimizer(model, root);
  return encodeHdf5(root);
}

/** The structure of a model as JSON in Keras's own config format, for `keras.models.model_from_json`. */
export function modelToJson(model: Model): string {
  return stringifyForKeras(modelToKerasConfig(model));
}

/**
 * Makes a model with new weights of JSON that `modelToJson` or Keras's `model.to_json()` wrote.
 * @throws {FormatError} for what cannot be carried over, with its path.
 */
export function modelFromJson(
  text: string,
  options: Pick<DecodeKerasOptions, 'lambdas' | 'inputShape'> = {},
): Model {
  return modelFromKeras(parseConfig(text, 'the model config'), options).model;
}
