import type { Model } from '../models/model.js';
import { type DecodeModelOptions, decodeModel, encodeModel } from '../models/model-file.js';
import { readFileBounded, writeFileAtomic } from './files.js';

const LARGEST_MODEL_FILE = 4 * 2 ** 30;

/**
 * Saves a model with its weights and, when it is compiled, the state of its optimizer. The file appears
 * whole or not at all.
 * @param path of the file, by custom ending in `.safetensors`.
 * @throws {DataError} when the file cannot be written.
 */
export async function saveModel(model: Model, path: string): Promise<void> {
  await writeFileAtomic(path, await encodeModel(model));
}

/**
 * Loads a model that `saveModel` wrote.
 * @throws {DataError} when the file cannot be read. @throws {FormatError} when it is not a model.
 */
export async function loadModel(
  path: string,
  options: Omit<DecodeModelOptions, 'source'> = {},
): Promise<Model> {
  const bytes = await readFileBounded(path, LARGEST_MODEL_FILE, 'model file');
  return decodeModel(bytes, { ...options, source: `'${path}'` });
}
