import { ShapeError, ValueError } from '../core/errors.js';
import type { SampleArray } from '../data/array-dataset.js';
import type { Model } from '../models/model.js';
import { carriesEverything, type ScoreGradientOptions, scoreGradient } from './score-gradient.js';

/** Options of `gradCam`. */
export interface GradCamOptions extends ScoreGradientOptions {
  /**
   * Layer whose feature maps `[H, W, C]` are weighted; default the deepest one of at least 4 × 4 pixels that
   * everything passes through.
   */
  layer?: string;
  /** Class of each sample that is explained; default the predicted one. */
  classes?: readonly number[];
}

/** Where a model looked. */
export interface GradCam {
  /** The layer that was used. */
  readonly layer: string;
  /** Height and width of the maps. */
  readonly size: readonly [height: number, width: number];
  /** The class that each map explains. */
  readonly classes: readonly number[];
  /** One map for each sample, row-major, ≥ 0, not scaled. */
  readonly maps: readonly Float32Array[];
}

const SMALLEST_MAP = 4;

/**
 * The layer that `gradCam` uses unless told.
 * @throws {ValueError} for a model without feature maps.
 */
export function gradCamLayer(model: Model): string {
  const found: string[] = [];
  let enough: string | undefined;
  for (const node of model.network.nodes.toReversed()) {
    const [tensor] = node.outputs;
    const shape = tensor.sampleShape;
    if (node.inputs.length === 0 || shape.length !== 3 || shape[0] * shape[1] < 2) continue;
    if (!carriesEverything(model, tensor)) continue;
    found.push(node.layer.name);
    if (Math.min(shape[0], shape[1]) < SMALLEST_MAP) continue;
    enough = node.layer.name;
    break;
  }
  const layer = enough ?? found[0];
  if (layer !== undefined) return layer;
  throw new ValueError(`model '${model.name}' has no layer of feature maps [H, W, C] to look at`);
}

/**
 * Grad-CAM: the feature maps A_k of a layer, weighted by the mean over pixels of ∂ score / ∂ A_k, summed,
 * negative values cut off. Source: Selvaraju et al., "Grad-CAM" (2017). Gradients are those of the engine.
 * @param x samples `[N, H, W, C]`.
 * @throws {ShapeError} for a layer without feature maps; otherwise as `scoreGradient`.
 */
export async function gradCam(
  model: Model,
  x: SampleArray,
  options: GradCamOptions = {},
): Promise<GradCam> {
  const {
    layer = gradCamLayer(model),
    classes = await predictedClasses(model, x),
    ...rest
  } = options;
  const { shape, activation, gradient } = await scoreGradient(model, x, classes, layer, rest);
  if (shape.length !== 4) {
    throw new ShapeError(
      `layer '${layer}' gives [${shape.join(', ')}], but Grad-CAM needs feature maps [N, H, W, C]`,
    );
  }
  const [count, height, width, channels] = shape;
  const pixels = height * width;
  const maps = Array.from({ length: count }, (_, sample) => {
    const base = sample * pixels * channels;
    const weights = new Float64Array(channels);
    for (let i = 0; i < pixels * channels; i++)
      weights[i % channels] += gradient[base + i] / pixels;
    return Float32Array.from({ length: pixels }, (_, p) => {
      let value = 0;
      for (let c = 0; c < channels; c++) value += weights[c] * activation[base + p * channels + c];
      return Math.max(0, value);
    });
  });
  return { layer, size: [height, width], classes, maps };
}

async function predictedClasses(model: Model, x: SampleArray): Promise<number[]> {
  const { data, shape } = await model.predict(x, { batchSize: x.shape[0] });
  const [count, classes] = shape;
  return Array.from({ length: count }, (_, i) => {
    const row = data.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}
