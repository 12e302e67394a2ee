import { decodeHdf5 } from '../../formats/hdf5/decode-hdf5.js';
import { ZipArchive } from '../../formats/zip.js';
import type { Model } from '../../models/model.js';
import { ARCHIVE } from './keras-archive.js';
import { findInLegacyH5, isLegacyH5 } from './legacy-h5.js';
import { findInWeightGroups } from './weight-groups.js';
import { type FoundWeight, takeWeights, type WeightMatch } from './weight-matching.js';

const LARGEST_OVERHEAD = 2 ** 25;

function find(model: Model, bytes: Uint8Array, source: string): FoundWeight[] {
  const zipped = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const most = 20 * model.countParams() + LARGEST_OVERHEAD;
  const file = zipped ? new ZipArchive(bytes, source).read(ARCHIVE.weights, most) : bytes;
  const root = decodeHdf5(file, source);
  if (isLegacyH5(root)) return findInLegacyH5(model, root, source);
  return findInWeightGroups(model, root);
}

/**
 * Says for every weight of a model where a Keras file has it and, if it does not fit, why; nothing changes.
 * @param bytes of a `.weights.h5`, a legacy `.h5` or a `.keras` file, which may be untrusted.
 * @throws {FormatError} when the file is damaged.
 */
export function matchKerasWeights(
  model: Model,
  bytes: Uint8Array,
  source = 'the weight file',
): WeightMatch[] {
  return find(model, bytes, source).map(({ match }) => match);
}

/**
 * Gives a model the weights of a Keras file, all or none. A `.weights.h5` file tells layers apart only by
 * class and number, a legacy one by order: the model must have the same layers in the same graph.
 * @param bytes of a `.weights.h5`, a legacy `.h5` or a `.keras` file, which may be untrusted.
 * @throws {FormatError} when one does not fit, naming layer and path.
 */
export async function loadKerasWeights(
  model: Model,
  bytes: Uint8Array,
  source = 'the weight file',
): Promise<void> {
  await takeWeights(model.name, find(model, bytes, source), source);
}
