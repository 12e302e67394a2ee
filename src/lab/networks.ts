import {
  type CifarResnetOptions,
  cifarPlain,
  cifarResnet,
  l2,
  type Model,
  type Shape,
  ValueError,
} from '../library.js';
import type { Part, PartContext } from './experiment.js';
import { type DataSettings, LAB_CLASSES, prepareData } from './lab-data.js';
import { type Curve, type TrainSettings, trainNetwork } from './train-network.js';

/** Settings of the experiments that train networks on images. */
export type ImageSettings = DataSettings &
  TrainSettings & {
    /** Weighted layers of the deep networks, 6n + 2. */
    depth: number;
    /** Channels of the first stage. */
    width: number;
  };

/** A few minutes' worth: small images, few of them, narrow networks. */
export const QUICK: ImageSettings = {
  depth: 56,
  width: 8,
  images: 1000,
  testImages: 500,
  shrink: 2,
  epochs: 6,
  batchSize: 50,
  learningRate: 0.05,
  drops: [0.7],
  weightDecay: 0,
};

/**
 * The paper's networks, optimizer, weight decay and divisions of the rate, on as many images as
 * Fashion-MNIST has (of a smaller data set: all), for 60 epochs. Not as in the paper: no augmentation, and
 * no smaller rate at first for networks of 110 layers.
 */
export const FULL: ImageSettings = {
  depth: 56,
  width: 16,
  images: 55_000,
  testImages: 10_000,
  shrink: 1,
  epochs: 60,
  batchSize: 128,
  learningRate: 0.1,
  drops: [0.5, 0.75],
  weightDecay: 1e-4,
};

/** Depth of the shallow twin in comparisons. */
export const SHALLOW = 20;

/** A plain or residual network of He et al. for small images. */
export type Family = 'plain' | 'residual';

/** What a network of some settings is made of, their weight decay as a penalty on its kernels. */
export function networkOptions(
  { depth, width, weightDecay }: Pick<ImageSettings, 'depth' | 'width' | 'weightDecay'>,
  inputShape: Shape,
): CifarResnetOptions {
  const decay = weightDecay === 0 ? {} : { kernelRegularizer: l2(weightDecay / 2) };
  return { depth, width, inputShape, classes: LAB_CLASSES, ...decay };
}

/**
 * The shallow and the deep one of the two depths that an experiment compares.
 * @throws {ValueError} for a depth that no network has, or with which there is nothing to compare.
 */
export function comparedDepths({ depth }: Pick<ImageSettings, 'depth'>): [number, number] {
  if (depth < 8 || (depth - 2) % 6 !== 0) {
    throw new ValueError(
      `depth must be 6n + 2 with n ≥ 1, as the networks of He et al. have it, got ${depth}; give 8, 14, 26, 32 and so on`,
    );
  }
  if (depth === SHALLOW) {
    throw new ValueError(
      `depth ${depth} is that of the network that is compared with it; give another, such as 56 (deeper) or 8 (shallower)`,
    );
  }
  return [Math.min(SHALLOW, depth), Math.max(SHALLOW, depth)];
}

/** Trains a network on the images of the settings; all experiments share those of one description. */
export async function trainOnImages(
  context: PartContext,
  settings: ImageSettings,
  seed: number,
  description: string,
  build: (inputShape: Shape) => Model,
  share?: { from: number; to: number },
): Promise<{ model: Model; curve: Curve; data: Awaited<ReturnType<typeof prepareData>> }> {
  const data = await prepareData(context.data, settings);
  const { epochs, batchSize, learningRate, drops, weightDecay, width } = settings;
  const trained = await trainNetwork(
    context,
    {
      description: `${description}, width ${width}`,
      build: () => build(data.train.inputShapes[0]),
      data,
      settings: { epochs, batchSize, learningRate, drops, weightDecay },
      seed,
    },
    share,
  );
  return { ...trained, data };
}

/** Trains a plain or residual network on the images of the settings. */
export function trainFamily(
  context: PartContext,
  settings: ImageSettings,
  seed: number,
  family: Family,
  depth: number,
  share?: { from: number; to: number },
): ReturnType<typeof trainOnImages> {
  const make = family === 'plain' ? cifarPlain : cifarResnet;
  const build = (shape: Shape) => make(networkOptions({ ...settings, depth }, shape));
  return trainOnImages(context, settings, seed, `${family}-${depth}`, build, share);
}

/** A family and a depth, such as `plain` and 56. */
export type NetworkKind = readonly [family: Family, depth: number];

const nameOf = ([family, depth]: NetworkKind) => `${family}-${depth}`;

/** A part for each network and seed, named `plain-56 seed 0`; deeper ones cost more. */
export function networkParts<P>(
  networks: readonly NetworkKind[],
  seeds: readonly number[],
  run: (context: PartContext, seed: number, network: NetworkKind) => Promise<P>,
): Part<P>[] {
  return seeds.flatMap((seed) =>
    networks.map((network) => ({
      key: `${nameOf(network)} seed ${seed}`,
      weight: network[1],
      run: (context: PartContext) => run(context, seed, network),
    })),
  );
}

/** What the parts of `networkParts` gave, seed by seed, under names such as `plain-56`. */
export function networkResults<P>(
  parts: ReadonlyMap<string, P>,
  networks: readonly NetworkKind[],
  seeds: readonly number[],
): Record<string, P[]> {
  return Object.fromEntries(
    networks.map((network) => [
      nameOf(network),
      seeds.map((seed) => parts.get(`${nameOf(network)} seed ${seed}`) as P),
    ]),
  );
}

/** Names of the blocks, such as `conv2_block1`, from the input on. */
export function blockNames(model: Model): string[] {
  return model.network.nodes.flatMap(({ layer }) => {
    return /^conv\d+_block\d+_out$/.test(layer.name) ? layer.name.slice(0, -'_out'.length) : [];
  });
}

/** Sentence about the training of networks, for reports. */
export function trainingSentence(settings: ImageSettings, dataset = 'the data set'): string {
  const { images, testImages, shrink, epochs, batchSize, learningRate, drops, width } = settings;
  const decay =
    settings.weightDecay === 0
      ? 'no weight decay'
      : `weight decay ${settings.weightDecay}, of which the penalty is part of the training loss`;
  const smaller = shrink === 1 ? '' : `, made ${shrink} times smaller in height and width,`;
  return `Networks of He et al. for small images with ${width} channels in the first stage, trained on the first ${images} training images of ${dataset}${smaller} for ${epochs} epochs of batches of ${batchSize} (stochastic gradient descent, momentum 0.9, learning rate ${learningRate}, divided by 10 after ${drops.map((drop) => `${Math.round(100 * drop)} %`).join(' and ')} of the epochs; no augmentation, ${decay}), and tested on ${testImages} test images.`;
}
