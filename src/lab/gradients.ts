import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import {
  type GradientLaw,
  type GradientLaws,
  gradientLaw,
  LAWS,
  type LawName,
  lawChecks,
  lawCost,
  lawFigures,
} from './gradient-laws.js';
import { FULL, QUICK } from './networks.js';
import { runExperiment } from './run-experiment.js';
import {
  WATCHED,
  type WatchedGradients,
  type WatchedName,
  type WatchedTraining,
  type WatchSettings,
  watch,
  watchCost,
  watchedChecks,
  watchedFigures,
  watchedSentences,
} from './watched-gradients.js';
import { range } from './words.js';

/** Settings of `gradients`. */
export type GradientsSettings = WatchSettings & {
  /** Layers or blocks of the dense networks. */
  depth: number;
  /** Units of the dense networks. */
  width: number;
  /** Samples for the dense networks. */
  batch: number;
};

/** What `gradients` measures. */
export interface GradientsData {
  /** Dense networks at initialisation, one entry a seed. */
  readonly laws: GradientLaws;
  /** Convolutional networks while they train, one entry a seed. */
  readonly training: WatchedTraining;
}

/** The experiment behind `gradients`. */
export const gradientsExperiment: Experiment<
  GradientsSettings,
  GradientLaw | WatchedGradients,
  GradientsData
> = {
  name: 'gradients',
  title: 'Gradients by layer',
  question:
    'Do gradients of deep plain networks vanish or explode, with and without batch normalisation, and what do shortcuts change?',
  background: [
    'Glorot and Bengio (2010), He et al. (2015): rectifiers halve the variance at each layer, so Glorot weights let gradients vanish by √½ = 0.707 a layer, and He weights keep them.',
    'Yang et al. (2019): with batch normalisation the gradient of a plain rectifier network explodes at initialisation, by √(π / (π − 1)) = 1.21 a layer; with shortcuts it grows with the number of blocks only.',
    'He et al. (2015), section 4.1: with batch normalisation the difficulty of plain networks is unlikely to be caused by vanishing gradients.',
    'The article: the gradient of a plain network is a product of many small numbers and vanishes; a shortcut adds a 1.',
  ],
  paper:
    'He et al. (2015), section 4.1; Yang et al., "A mean field theory of batch normalization" (2019)',
  cost: { quick: 'half a minute for its 3 seeds', full: '5 minutes for its 3 seeds' },
  reservations: [
    'residual networks: gradients grow in proportion to depth, 0 of 3 seeds (the power is 1.27, just above the band)',
    'the article: they vanish in plain networks with normalisation, 0 of 3 seeds (contradicted: they grow)',
    'the article: they vanish in plain networks without normalisation while training, 1 of 3 seeds (in the others they keep)',
  ],
  usesData: true,
  settings: {
    quick: {
      depth: 50,
      width: 256,
      batch: 256,
      trainedDepth: 20,
      trainedWidth: 8,
      steps: 31,
      batchSize: 50,
      learningRate: 0.05,
      images: 500,
      testImages: 1,
      shrink: 2,
    },
    full: {
      depth: 50,
      width: 256,
      batch: 1024,
      trainedDepth: 56,
      trainedWidth: 16,
      steps: 201,
      batchSize: 128,
      learningRate: 0.05,
      images: FULL.images,
      testImages: 1,
      shrink: QUICK.shrink,
    },
  },
  seeds: { quick: 3, full: 3 },
  parts: (settings, seeds) => [
    ...(Object.keys(LAWS) as LawName[]).flatMap((name) =>
      seeds.map((seed) => ({
        key: `${name} seed ${seed}`,
        weight: lawCost(name, settings),
        run: (context: PartContext) => gradientLaw(name, settings, seed, context),
      })),
    ),
    ...WATCHED.flatMap((name) =>
      seeds.map((seed) => ({
        key: `training ${name} seed ${seed}`,
        weight: watchCost(settings),
        run: (context: PartContext) => watch(name, settings, seed, context),
      })),
    ),
  ],
  conclude(parts, settings, seeds) {
    const law = (name: LawName) =>
      seeds.map((seed) => parts.get(`${name} seed ${seed}`) as GradientLaw);
    const laws: GradientLaws = {
      'plain, Glorot, no BN': law('plain, Glorot, no BN'),
      'plain, He, no BN': law('plain, He, no BN'),
      'plain, He, BN': law('plain, He, BN'),
      'residual, He, BN': law('residual, He, BN'),
    };
    const watched = (name: WatchedName) =>
      seeds.map((seed) => parts.get(`training ${name} seed ${seed}`) as WatchedGradients);
    const training: WatchedTraining = {
      'plain, BN': watched('plain, BN'),
      'plain, no BN': watched('plain, no BN'),
      'residual, BN': watched('residual, BN'),
      'residual, no BN': watched('residual, no BN'),
    };
    const seen = watchedFigures(training);
    const drawn = lawFigures(laws);
    const sentences = (Object.keys(LAWS) as LawName[]).map(
      (name) =>
        `${name}: × ${range(laws[name].map(({ factor }) => factor))} a layer on the way back; over depths the growth goes with the depth to the power of ${range(laws[name].map(({ exponent }) => exponent))}.`,
    );
    return {
      data: { laws, training },
      method: [
        `Dense networks of ${settings.depth} layers (or blocks of two) and ${settings.width} units at their initialisation, standard normal inputs, ${settings.batch} samples, a random linear loss, ${seeds.length} seeds; also of a half and a quarter of the depth, for the growth with depth.`,
        `Networks of He et al. with ${settings.trainedDepth} layers and ${settings.trainedWidth} channels, trained for ${settings.steps} steps of ${settings.batchSize} images with learning rate ${settings.learningRate}, ${seeds.length} seeds; the gradient of each kernel was watched on one batch by the callback \`gradientFlow\`.`,
      ],
      measured: [...sentences, ...watchedSentences(training)],
      checks: [...lawChecks(laws), ...watchedChecks(training)],
      figures: [...drawn.figures, ...seen.figures],
      tables: [...drawn.tables, ...seen.tables],
    };
  },
};

/** How gradients change with depth, at initialisation and while training. */
export function gradients(options: LabOptions): Promise<LabResult<GradientsData>> {
  return runExperiment(gradientsExperiment, options);
}
