import type { SampleArray } from '../data/array-dataset.js';
import type { Augmentation } from '../data/augment/augmentation.js';
import type { Dataset } from '../data/dataset.js';
import type { PixelImage } from '../figures/pixel-image.js';
import type { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';
import { type Calibration, calibration } from './calibration.js';
import { type Classification, classify, worstMistakes } from './classify.js';
import { type ConfusionMatrix, confusionMatrix } from './confusion-matrix.js';
import { type FeatureMaps, featureMaps } from './feature-maps.js';
import { gradCam, gradCamLayer } from './grad-cam.js';
import { carriesEverything } from './score-gradient.js';

/** A sample that a report shows. */
export interface ShownSample {
  /** Place in the data set. */
  readonly index: number;
  /** Its class. */
  readonly label: number;
  /** The class that the model gave it. */
  readonly prediction: number;
  /** Probability of the prediction. */
  readonly confidence: number;
  /** Its pixels. */
  readonly image: PixelImage;
  /** Where the model looked for its prediction, where that could be found out. */
  readonly map?: PixelImage;
}

/** What a report says of a model on a data set. */
export interface ModelAnalysis {
  /** Names of the classes, in the order of the labels. */
  readonly classNames: readonly string[];
  /** What the model said of every sample. */
  readonly classification: Classification;
  /** Samples that there are; `classification` may hold fewer. */
  readonly available: number;
  /** What was taken for what. */
  readonly matrix: ConfusionMatrix;
  /** How far its confidence can be trusted. */
  readonly calibration: Calibration;
  /** The surest mistakes. */
  readonly mistakes: readonly ShownSample[];
  /** One sample that was recognised of each class. */
  readonly recognised: readonly ShownSample[];
  /** Samples of the most frequent confusions. */
  readonly confused: readonly ShownSample[];
  /** Layer of the maps; undefined where a model has none. */
  readonly mapLayer: string | undefined;
  /** Kernels `[H, W, in, out]` of the first convolution larger than 1×1. */
  readonly filters:
    | { readonly layer: string; readonly shape: readonly number[]; readonly data: Float32Array }
    | undefined;
  /** Outputs of some layers for the first recognised sample. */
  readonly featureMaps: readonly FeatureMaps[];
}

/** Options of `analyseModel`. */
export interface AnalyseOptions {
  /** Samples in a step; default 100. */
  batchSize?: number;
  /** Views that predictions are means over, and the seed of their draws, as in `classify`. */
  views?: readonly Augmentation[];
  /** Default 0. */
  seed?: number;
  /** Classify for about so many seconds at most; default all samples. */
  seconds?: number;
  /** Executor of the parts that show where the model looks. */
  executor?: ExecutorOptions;
}

const MISTAKES = 14;
const CONFUSIONS = 4;
const OF_EACH_CONFUSION = 7;
const MOST_CLASSES_SHOWN = 14;
const MOST_LAYERS = 4;

/** Copies samples out of a data set. */
async function samplesOf(dataset: Dataset, indices: readonly number[]): Promise<SampleArray> {
  const size = (shape: readonly number[]) =>
    shape.reduce((product, n) => product * n, indices.length);
  const inputs = dataset.inputShapes.map((shape) => new Float32Array(size(shape)));
  const targets = dataset.targetShapes.map((shape) => new Float32Array(size(shape)));
  await dataset.gather(Uint32Array.from(indices), inputs, targets);
  return { data: inputs[0], shape: [indices.length, ...dataset.inputShapes[0]] };
}

/** A sample `[H, W, C]` as a picture: colours of three channels, else the first channel. */
function pictureOf({ data, shape }: SampleArray, at: number): PixelImage {
  const [, height, width, channels] = shape;
  const pixels = height * width;
  const values = Float32Array.from(
    data.subarray(at * pixels * channels, (at + 1) * pixels * channels),
  );
  let [low, high] = [0, 1];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const domain = [low, high] as const;
  if (channels === 3) return { data: values, width, height, channels: 3, domain };
  const first = Float32Array.from({ length: pixels }, (_, p) => values[p * channels]);
  return { data: first, width, height, channels: 1, domain };
}

/** The last layer of each size of feature maps, the largest maps first. */
function mapLayers(model: Model): string[] {
  const layers = new Map<string, string>();
  for (const node of model.network.nodes) {
    const shape = node.outputs[0].sampleShape;
    if (node.inputs.length === 0 || shape.length !== 3 || shape[0] * shape[1] < 4) continue;
    if (!carriesEverything(model, node.outputs[0])) continue;
    layers.set(`${shape[0]}×${shape[1]}`, node.layer.name);
  }
  return [...layers.values()].slice(-MOST_LAYERS);
}

async function firstFilters(model: Model): Promise<ModelAnalysis['filters']> {
  for (const layer of model.layers) {
    const kernel = layer.weights.find(({ name, shape }) => name === 'kernel' && shape.length === 4);
    if (kernel === undefined || kernel.shape[0] * kernel.shape[1] < 2) continue;
    return { layer: layer.name, shape: kernel.shape, data: await kernel.read() };
  }
  return undefined;
}

/**
 * Everything that a report shows of a classifier of images: what it confuses, how sure it is, where it
 * looks.
 * @param dataset images `[H, W, C]` with one target, one-hot or an index.
 * @throws {ShapeError} for other models or data.
 */
export async function analyseModel(
  model: Model,
  dataset: Dataset,
  options: AnalyseOptions = {},
): Promise<ModelAnalysis> {
  const { batchSize, seconds, views, seed, executor = {} } = options;
  const classification = await classify(model, dataset, {
    ...(views !== undefined && { views }),
    ...(seed !== undefined && { seed }),
    ...(batchSize !== undefined && { batchSize }),
    ...(seconds !== undefined && { seconds }),
  });
  const { labels, predictions, confidences, classes } = classification;
  const matrix = confusionMatrix(classification);
  const indices = Array.from(labels.keys());
  const mistakes = worstMistakes(classification, MISTAKES);
  const recognised = Array.from({ length: Math.min(classes, MOST_CLASSES_SHOWN) }, (_, c) =>
    indices.find((i) => labels[i] === c && predictions[i] === c),
  ).filter((index) => index !== undefined);
  const confused = matrix.confusions
    .slice(0, CONFUSIONS)
    .flatMap(({ actual, predicted }) =>
      indices
        .filter((i) => labels[i] === actual && predictions[i] === predicted)
        .slice(0, OF_EACH_CONFUSION),
    );
  const isPicture = dataset.inputShapes.length === 1 && dataset.inputShapes[0].length === 3;
  const shown = [...mistakes, ...recognised, ...confused];
  const samples = isPicture && shown.length > 0 ? await samplesOf(dataset, shown) : undefined;
  const explained = shown.slice(0, mistakes.length + recognised.length);
  const maps = samples && (await explain(model, dataset, explained, predictions, executor));
  const show = (index: number, at: number): ShownSample[] => {
    if (samples === undefined) return [];
    const map = maps?.maps[at];
    return [
      {
        index,
        label: labels[index],
        prediction: predictions[index],
        confidence: confidences[index],
        image: pictureOf(samples, at),
        ...(map !== undefined && { map }),
      },
    ];
  };
  const all = shown.flatMap(show);
  const first = recognised[0] ?? 0;
  return {
    classNames: dataset.classNames ?? Array.from({ length: classes }, (_, c) => String(c)),
    classification,
    available: dataset.size,
    matrix,
    calibration: calibration(classification),
    mistakes: all.slice(0, mistakes.length),
    recognised: all.slice(mistakes.length, explained.length),
    confused: all.slice(explained.length),
    mapLayer: maps?.layer,
    filters: await firstFilters(model),
    featureMaps: isPicture
      ? await featureMaps(model, await samplesOf(dataset, [first]), mapLayers(model), executor)
      : [],
  };
}

/** Grad-CAM of the predictions for some samples, each map scaled to its largest value. */
async function explain(
  model: Model,
  dataset: Dataset,
  indices: readonly number[],
  predictions: Uint32Array,
  executor: ExecutorOptions,
): Promise<{ layer: string; maps: PixelImage[] } | undefined> {
  const hasMaps = model.network.nodes.some(({ inputs, outputs }) => {
    const shape = outputs[0].sampleShape;
    return inputs.length > 0 && shape.length === 3 && carriesEverything(model, outputs[0]);
  });
  if (!hasMaps || indices.length === 0) return undefined;
  const { layer, size, maps } = await gradCam(model, await samplesOf(dataset, indices), {
    ...executor,
    layer: gradCamLayer(model),
    classes: indices.map((i) => predictions[i]),
  });
  const [height, width] = size;
  return {
    layer,
    maps: maps.map((data) => ({
      data,
      width,
      height,
      channels: 1 as const,
      domain: [0, data.reduce((most, value) => Math.max(most, value), 1e-12)] as const,
      scale: 'viridis' as const,
    })),
  };
}
