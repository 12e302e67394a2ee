import { FormatError } from '../../core/errors.js';
import { type Shape, sameShape } from '../../core/shape.js';
import type { Hdf5Dataset, Hdf5Group } from '../../formats/hdf5/decode-hdf5.js';
import type { Variable } from '../../graph/variable.js';
import type { Layer } from '../../layers/layer.js';

/** Where a weight of a model was looked for in a file, and why it does not fit, if it does not. */
export interface WeightMatch {
  /** Name of the layer in the model. */
  readonly layer: string;
  /** Name of the weight in the layer, such as `kernel`. */
  readonly weight: string;
  /** Shape that the model expects. */
  readonly shape: Shape;
  /** Path in the file. */
  readonly path: string;
  /** What the file calls the layer, where it says so. */
  readonly fileLayer?: string;
  /** Shape in the file; undefined where the path leads nowhere. */
  readonly fileShape?: readonly number[];
  /** One clause that says why the weight cannot be taken; undefined when it fits. */
  readonly problem?: string;
}

/** A match with both of its ends. */
export interface FoundWeight {
  readonly match: WeightMatch;
  readonly layer: Layer;
  readonly variable: Variable;
  readonly dataset: Hdf5Dataset | undefined;
}

/** The weights of a layer and the paths at which they are looked for, in order. */
export interface WantedWeights {
  readonly layer: Layer;
  readonly weights: readonly Variable[];
  readonly paths: readonly string[];
  /** What the file calls the layer. */
  readonly fileLayer?: string;
  /** How many arrays the file has for the layer, where that can be told. */
  readonly stored?: number;
}

/** Looks for the weights of a layer. */
export function findWeights(root: Hdf5Group, wanted: WantedWeights): FoundWeight[] {
  const { layer, weights, paths, fileLayer, stored } = wanted;
  return weights.map((variable, i) => {
    const path = paths[i] ?? '';
    const dataset = path === '' ? undefined : root.dataset(path);
    const { name: weight, shape } = variable;
    const fileShape = dataset?.shape;
    const base = { layer: layer.name, weight, shape, path, fileLayer, fileShape };
    const found = (problem?: string) => ({ match: { ...base, problem }, layer, variable, dataset });
    if (dataset === undefined) return found('the file holds no array there');
    if (!sameShape(dataset.shape, shape)) {
      return found(`the file has shape [${dataset.shape.join(', ')}] there`);
    }
    const { kind } = dataset.type;
    if (kind !== 'float32' && kind !== 'float64') return found(`the file has ${dataset} there`);
    if (stored !== undefined && stored !== weights.length) {
      return found(`the file has ${stored} arrays for the layer, which has ${weights.length}`);
    }
    return found();
  });
}

/** The numbers of an array as float32. @throws {FormatError} where they are of another kind. */
export function readFloats(dataset: Hdf5Dataset, source: string): Float32Array {
  const values = dataset.read();
  if (values instanceof Float32Array) return values;
  if (values instanceof Float64Array) return Float32Array.from(values);
  throw new FormatError(`${source}: an array is ${dataset}, expected float32`);
}

/**
 * Gives a model the weights that were found for it, all or none.
 * @throws {FormatError} when one does not fit, naming layer and path, and how many do not.
 */
export async function takeWeights(
  model: string,
  found: readonly FoundWeight[],
  source: string,
): Promise<void> {
  const unfit = found.filter(({ match }) => match.problem !== undefined);
  if (unfit.length > 0) {
    const { layer, weight, shape, path, fileLayer, problem } = unfit[0].match;
    const called = fileLayer === undefined || fileLayer === layer ? '' : ` (there '${fileLayer}')`;
    const from = path === '' ? '' : ` from '${path}'${called}`;
    const others = unfit.length > 1 ? `; ${unfit.length - 1} more weights do not fit` : '';
    throw new FormatError(
      `${source} does not fit model '${model}': layer '${layer}' takes ${weight} of shape [${shape.join(', ')}]${from}, but ${problem}${others}`,
    );
  }
  const values = found.map(({ dataset }) => dataset && readFloats(dataset, source));
  for (const { variable } of found) await variable.holder?.pull();
  found.forEach(({ variable }, i) => {
    variable.write(values[i] ?? []);
  });
}
