import { decodeHdf5 } from '../../formats/hdf5/decode-hdf5.js';
import { ZipArchive } from '../../formats/zip.js';
import type { Model } from '../../models/model.js';
import { ARCHIVE, parseConfig, readArchiveConfig } from './keras-archive.js';
import { findInLegacyH5, isLegacyH5 } from './legacy-h5.js';
import { settingDifferences } from './setting-differences.js';
import { findInWeightGroups } from './weight-groups.js';
import { type FoundWeight, takeWeights, type WeightMatch } from './weight-matching.js';

const LARGEST_OVERHEAD = 2 ** 25;

/** Options of the readers of Keras weights. */
export interface LoadKerasWeightsOptions {
  /** Name of the file, for messages. */
  source?: string;
  /**
   * Whether strides, padding, dilation, groups and epsilon of the file's layers must be those of the model,
   * where the file has a config: with others the same weights compute something else. Default true.
   */
  compareSettings?: boolean;
}

function find(
  model: Model,
  bytes: Uint8Array,
  { source = 'the weight file', compareSettings = true }: LoadKerasWeightsOptions,
): FoundWeight[] {
  const zipped = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const most = 20 * model.countParams() + LARGEST_OVERHEAD;
  const archive = zipped ? new ZipArchive(bytes, source) : undefined;
  const root = decodeHdf5(archive?.read(ARCHIVE.weights, most) ?? bytes, source);
  const legacy = isLegacyH5(root);
  const found = legacy ? findInLegacyH5(model, root, source) : findInWeightGroups(model, root);
  if (!compareSettings) return found;
  const text = root.text('model_config');
  const config =
    archive !== undefined
      ? readArchiveConfig(archive, source)
      : text !== undefined && parseConfig(text, `${source}: model_config`);
  if (config === false) return found;
  const differs = settingDifferences(model, config, legacy);
  return found.map((one) => {
    const { match, layer } = one;
    const problem = match.problem ?? differs(layer, match.fileLayer);
    return { ...one, match: { ...match, problem } };
  });
}

/**
 * Says for every weight of a model where a Keras file has it and, if it does not fit, why; nothing changes.
 * @param bytes of a `.weights.h5`, a legacy `.h5` or a `.keras` file, which may be untrusted.
 * @throws {FormatError} when the file is damaged.
 */
export function matchKerasWeights(
  model: Model,
  bytes: Uint8Array,
  options: LoadKerasWeightsOptions = {},
): WeightMatch[] {
  return find(model, bytes, options).map(({ match }) => match);
}

/**
 * Gives a model the weights of a Keras file, all or none. A `.weights.h5` file tells layers apart only by
 * class and number, a legacy one by order: the model must have the same layers in the same graph.
 * @param bytes of a `.weights.h5`, a legacy `.h5` or a `.keras` file, which may be untrusted.
 * @throws {FormatError} when one does not fit, naming layer, path and reason: its shape, or the strides,
 * padding or epsilon of a layer.
 */
export async function loadKerasWeights(
  model: Model,
  bytes: Uint8Array,
  options: LoadKerasWeightsOptions = {},
): Promise<void> {
  const { source = 'the weight file' } = options;
  await takeWeights(model.name, find(model, bytes, options), source);
}
