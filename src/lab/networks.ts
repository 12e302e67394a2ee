import { cifarPlain, cifarResnet, type Model, type Shape } from '../library.js';
import type { Part, PartContext } from './experiment.js';
import { type DataSettings, prepareData } from './lab-data.js';
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
};

/** The paper's network and optimizer on the whole of Fashion-MNIST, with its divisions of the rate. */
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
};

/** Depth of the shallow twin in comparisons. */
export const SHALLOW = 20;

/** A plain or residual network of He et al. for small images. */
export type Family = 'plain' | 'residual';

/** Makes a network of a family for images of a shape. */
export function familyNetwork(
  family: Family,
  depth: number,
  width: number,
  inputShape: Shape,
): Model {
  const options = { depth, width, inputShape, classes: 10 };
  return family === 'plain' ? cifarPlain(options) : cifarResnet(options);
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
  const { epochs, batchSize, learningRate, drops, width } = settings;
  const trained = await trainNetwork(
    context,
    {
      description: `${description}, width ${width}`,
      build: () => build(data.train.inputShapes[0]),
      data,
      settings: { epochs, batchSize, learningRate, drops },
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
  const build = (shape: Shape) => familyNetwork(family, depth, settings.width, shape);
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
  const smaller = shrink === 1 ? '' : `, made ${shrink} times smaller in height and width,`;
  return `Networks of He et al. for small images with ${width} channels in the first stage, trained on the first ${images} training images of ${dataset}${smaller} for ${epochs} epochs of batches of ${batchSize} (stochastic gradient descent, momentum 0.9, learning rate ${learningRate}, divided by 10 after ${drops.map((drop) => `${Math.round(100 * drop)} %`).join(' and ')} of the epochs; no augmentation, no weight decay), and tested on ${testImages} test images.`;
}
