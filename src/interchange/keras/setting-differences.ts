import { FormatError } from '../../core/errors.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { isNetworkLayer } from '../../network/network.js';
import { convolutionConfig, effectivePads } from '../effective-pads.js';
import { firstCalls } from '../first-calls.js';
import type { Json } from './keras-json.js';
import { layerOptionsToKeras } from './layer-options.js';
import { modelFromKeras } from './model-from-keras.js';
import { type LayerOrder, layerOrderOf, layerPaths } from './weight-paths.js';

/** What a layer does with its weights, as text by setting. */
type Settings = ReadonlyMap<string, string>;

/** Settings that change what is computed with the same weights, in Keras's words. */
const RAW_SETTINGS = ['strides', 'padding', 'dilation_rate', 'groups', 'epsilon'];
const DEEPEST_NESTING = 16;

/** Strides, zeros around the image, … of every layer with weights, in the file's order, by weight path. */
function settingsOf(model: Model, order: LayerOrder): Map<string, Settings> {
  const calls = firstCalls(model.network);
  const found = new Map<string, Settings>();
  for (const { layer, path } of layerPaths(model, order)) {
    if (isNetworkLayer(layer) || layer.weights.length === 0) continue;
    const settings = new Map<string, string>();
    found.set(path, settings);
    const config = layer.getConfig();
    if (config.epsilon !== undefined) settings.set('epsilon', String(config.epsilon));
    const node = calls.get(layer);
    if (layer.className !== 'Conv2D' || node === undefined) continue;
    const { strides, dilationRate, groups } = convolutionConfig(layer);
    const { rows, columns } = effectivePads(node);
    settings.set('strides', strides.join(', '));
    settings.set('padding (top, bottom, left, right)', [...rows, ...columns].join(', '));
    settings.set('dilation', dilationRate.join(', '));
    settings.set('groups', String(groups));
  }
  return found;
}

/** The same of a config that no model can be made of, by layer name: a Lambda stands in it, for one. */
function rawSettings(config: unknown, depth = 0): Map<string, Settings> {
  const found = new Map<string, Settings>();
  const layers = (config as { config?: { layers?: unknown } } | null)?.config?.layers;
  if (!Array.isArray(layers) || depth > DEEPEST_NESTING) return found;
  for (const layer of layers as { config?: Json }[]) {
    for (const [name, settings] of rawSettings(layer, depth + 1)) found.set(name, settings);
    const { config: options } = layer ?? {};
    if (typeof options === 'object' && options !== null) {
      found.set(String(options.name), rawOptions(options));
    }
  }
  return found;
}

function rawOptions(options: Json): Settings {
  const names = RAW_SETTINGS.filter((name) => Object.hasOwn(options, name));
  return new Map(names.map((name) => [name, JSON.stringify(options[name])]));
}

function difference(ours: Settings, theirs: Settings): string | undefined {
  for (const [name, value] of theirs) {
    const own = ours.get(name);
    if (own === undefined || own === value) continue;
    return `the file's layer has ${name} ${value}, and this one ${own} (compareSettings: false takes the weights all the same)`;
  }
  return undefined;
}

/**
 * Finds out where the layers of a file do something else with their weights than those of a model: strides,
 * zeros around the image, dilation, groups, epsilon.
 * @param config the file's, which may be untrusted.
 * @param legacy whether the file tells layers apart by their order instead of by path.
 * @returns what the difference is, for a layer of the model and the name of the file's; undefined for none.
 */
export function settingDifferences(
  model: Model,
  config: unknown,
  legacy: boolean,
): (layer: Layer, fileLayer: string | undefined) => string | undefined {
  const own = settingsOf(model, layerOrderOf(model));
  const paths = new Map(layerPaths(model).map(({ layer, path }) => [layer, path]));
  try {
    const file = modelFromKeras(config);
    const theirs = settingsOf(file.model, file.order);
    const inOrder = [...theirs.values()];
    const places = new Map([...own.keys()].map((path, i) => [path, i]));
    return (layer) => {
      const path = paths.get(layer) ?? '';
      const other = legacy ? inOrder[places.get(path) ?? -1] : theirs.get(path);
      return other && difference(own.get(path) ?? new Map(), other);
    };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const theirs = rawSettings(config);
    return (layer, fileLayer = '') => {
      const other = theirs.get(fileLayer);
      const options = layerOptionsToKeras(layer.className, layer.getConfig(), layer.name);
      return other && difference(rawOptions(options), other);
    };
  }
}
