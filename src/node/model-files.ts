import { formatOfPath } from '../interchange/formats.js';
import {
  type LoadKerasWeightsOptions,
  loadKerasWeights,
} from '../interchange/keras/load-weights.js';
import type { ImportOptions } from '../interchange/model-format.js';
import type { Model } from '../models/model.js';
import { decodeModel, encodeModel } from '../models/model-file.js';
import { readFileBounded, writeFileAtomic } from './files.js';

const LARGEST_MODEL_FILE = 4 * 2 ** 30;
const OWN_ENDING = '.safetensors';

/** The format that a path's ending names, other than the library's own, which every other ending means. */
function foreignFormat(path: string) {
  return path.toLowerCase().endsWith(OWN_ENDING) ? undefined : formatOfPath(path);
}

/** Whether a path ends as the file of a known format does. */
export function namesModelFile(path: string): boolean {
  return formatOfPath(path) !== undefined;
}

/**
 * Saves a model with its weights and, when it is compiled, the state of its optimizer. The file appears
 * whole or not at all.
 * @param path of the file. Its ending decides the format: `.keras`, `.h5` and `.weights.h5` are Keras's,
 * `.onnx` is ONNX; any other, by custom `.safetensors`, is the library's own.
 * @throws {DataError} when the file cannot be written. @throws {ValueError} when the model holds what the
 * format has not.
 */
export async function saveModel(model: Model, path: string): Promise<void> {
  const format = foreignFormat(path);
  const pieces = format?.exportModel ? format.exportModel(model, {}) : encodeModel(model);
  await writeFileAtomic(path, await pieces);
}

/**
 * Loads a model that `saveModel`, or for the formats of others another program, wrote; the path's ending
 * decides the format, as it does there. A file with weights only needs `architecture`.
 * @throws {DataError} when the file cannot be read. @throws {FormatError} when it is not a model, or holds
 * what cannot be carried over.
 */
export async function loadModel(
  path: string,
  options: Omit<ImportOptions, 'source'> = {},
): Promise<Model> {
  const bytes = await readFileBounded(path, LARGEST_MODEL_FILE, 'model file');
  const format = foreignFormat(path);
  const named = { ...options, source: `'${path}'` };
  if (format !== undefined) return format.importModel(bytes, named);
  const { architecture: _, compile: _compile, ...own } = named;
  return decodeModel(bytes, own);
}

/**
 * Gives a model the weights of a Keras file (`.weights.h5`, legacy `.h5` or `.keras`), all or none.
 * @throws {DataError} when the file cannot be read. @throws {FormatError} when one does not fit, naming
 * layer, path and reason.
 */
export async function loadWeights(
  model: Model,
  path: string,
  options: Omit<LoadKerasWeightsOptions, 'source'> = {},
): Promise<void> {
  const bytes = await readFileBounded(path, LARGEST_MODEL_FILE, 'weight file');
  await loadKerasWeights(model, bytes, { ...options, source: `'${path}'` });
}
