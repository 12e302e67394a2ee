import {
  cifarPlain,
  cifarResnet,
  clearNames,
  DivergenceError,
  gradientFlow,
  lineChart,
  type Model,
  type Shape,
  setRandomSeed,
  sgd,
  take,
} from '../library.js';
import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import {
  type GradientLaw,
  type GradientLaws,
  gradientLaw,
  LAWS,
  type LawName,
  lawChecks,
  lawFigures,
} from './gradient-laws.js';
import { type DataSettings, prepareData } from './lab-data.js';
import { labFigure } from './lab-figure.js';
import { FULL, QUICK } from './networks.js';
import { runExperiment } from './run-experiment.js';
import { range, short } from './words.js';

/** Settings of `gradients`. */
export type GradientsSettings = DataSettings & {
  /** Layers or blocks of the dense networks. */
  depth: number;
  /** Units of the dense networks. */
  width: number;
  /** Samples for the dense networks. */
  batch: number;
  /** Weighted layers of the convolutional networks, 6n + 2. */
  trainedDepth: number;
  /** Channels of their first stage. */
  trainedWidth: number;
  /** Steps that they are trained for. */
  steps: number;
  /** Samples in a step. */
  batchSize: number;
  /** Step size. */
  learningRate: number;
};

/** Convolutional networks that are watched while they train. */
export const WATCHED = ['plain, BN', 'plain, no BN', 'residual, BN', 'residual, no BN'] as const;

/** One of them. */
export type WatchedName = (typeof WATCHED)[number];

/** Gradients of kernels at some steps of training. */
export interface WatchedGradients {
  /** Kernels, from the input on. */
  readonly kernels: readonly string[];
  /** Steps at which was looked. */
  readonly steps: readonly number[];
  /** `norms[look][kernel]`. */
  readonly norms: readonly (readonly number[])[];
  /** Loss at each look. */
  readonly losses: readonly number[];
  /** Whether the loss stopped being a finite number. */
  readonly diverged: boolean;
}

/** What `gradients` measures. */
export interface GradientsData {
  /** Dense networks at initialisation, one entry a seed. */
  readonly laws: GradientLaws;
  /** Convolutional networks while they train, with seed 0. */
  readonly training: Readonly<Record<WatchedName, WatchedGradients>>;
}

const LOOKS = 3;

async function watch(
  name: WatchedName,
  settings: GradientsSettings,
  context: PartContext,
): Promise<WatchedGradients> {
  const { trainedDepth: depth, trainedWidth: width, steps, batchSize, learningRate } = settings;
  const { train } = await prepareData(context.data, settings);
  clearNames();
  setRandomSeed(0);
  const [inputShape] = train.inputShapes as readonly Shape[];
  const normalization = name.endsWith('no BN') ? 'none' : 'batch';
  const make = name.startsWith('plain') ? cifarPlain : cifarResnet;
  const model: Model = make({ depth, width, inputShape, normalization });
  model.compile({
    loss: 'categoricalCrossentropy',
    optimizer: sgd({ learningRate, momentum: 0.9 }),
    ...context.engine,
  });
  const every = Math.max(1, Math.floor((steps - 1) / LOOKS));
  const flow = gradientFlow({ data: take(train, batchSize), every, updates: false });
  let step = 0;
  const count = {
    onTrainBatchEnd() {
      step++;
      context.advance(step / steps);
      if (step >= steps) model.stopTraining = true;
    },
  };
  let diverged = false;
  try {
    const epochs = Math.ceil((steps * batchSize) / train.size);
    await model.fit(train, { epochs, batchSize, callbacks: [flow, count], verbose: false });
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    diverged = true;
  } finally {
    await model.dispose();
  }
  const { records } = flow;
  const kernels = Object.keys(records[0]?.weights ?? {}).filter((key) => key.endsWith('kernel'));
  return {
    kernels,
    steps: records.map((record) => record.step),
    norms: records.map(({ weights }) => kernels.map((kernel) => weights[kernel].gradient.norm)),
    losses: records.flatMap(({ loss }) => loss ?? []),
    diverged,
  };
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
  cost: 'a minute and a half for its 3 seeds',
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
      steps: 2001,
      batchSize: 128,
      learningRate: 0.05,
      images: FULL.images,
      testImages: 1,
      shrink: QUICK.shrink,
    },
  },
  seeds: { quick: 3, full: 5 },
  parts: (settings, seeds) => [
    ...(Object.keys(LAWS) as LawName[]).flatMap((name) =>
      seeds.map((seed) => ({
        key: `${name} seed ${seed}`,
        weight: LAWS[name].kind === 'block' ? 2 : 1,
        run: (context: PartContext) => gradientLaw(name, settings, seed, context),
      })),
    ),
    ...WATCHED.map((name) => ({
      key: `training ${name}`,
      weight: 2,
      run: (context: PartContext) => watch(name, settings, context),
    })),
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
    const watched = (name: WatchedName) => parts.get(`training ${name}`) as WatchedGradients;
    const training = {
      'plain, BN': watched('plain, BN'),
      'plain, no BN': watched('plain, no BN'),
      'residual, BN': watched('residual, BN'),
      'residual, no BN': watched('residual, no BN'),
    };
    const drawn = lawFigures(laws);
    const sentences = (Object.keys(LAWS) as LawName[]).map(
      (name) =>
        `${name}: × ${range(laws[name].map(({ factor }) => factor))} a layer on the way back; over depths the growth goes with the depth to the power of ${range(laws[name].map(({ exponent }) => exponent))}.`,
    );
    const spreads = WATCHED.map((name) => {
      const { norms, steps, losses, diverged } = training[name];
      const look = norms[norms.length - 1] ?? [];
      // The last kernel belongs to the classifier.
      const inner = look.slice(0, -1);
      const end = diverged
        ? 'diverged'
        : `loss ${short(losses[0])} → ${short(losses[losses.length - 1])}`;
      return `${name}: first kernel ${short(inner[0] ?? Number.NaN)}, last ${short(inner[inner.length - 1] ?? Number.NaN)} at step ${steps[steps.length - 1]} (${end})`;
    });
    return {
      data: { laws, training },
      method: [
        `Dense networks of ${settings.depth} layers (or blocks of two) and ${settings.width} units at their initialisation, standard normal inputs, ${settings.batch} samples, a random linear loss, ${seeds.length} seeds; also of a half and a quarter of the depth, for the growth with depth.`,
        `Networks of He et al. with ${settings.trainedDepth} layers and ${settings.trainedWidth} channels, trained for ${settings.steps} steps of ${settings.batchSize} images with learning rate ${settings.learningRate}, with seed 0 alone however many seeds the rest has; the gradient of each kernel was watched on one batch by the callback \`gradientFlow\`.`,
      ],
      measured: [
        ...sentences,
        `While training (seed 0), norm of the gradient: ${spreads.join('; ')}.`,
      ],
      checks: lawChecks(laws),
      figures: [
        ...drawn.figures,
        ...WATCHED.map((name) => {
          const { norms, steps, kernels } = training[name];
          return labFigure(
            `training-${name.replaceAll(/[, ]+/g, '-').toLowerCase()}`,
            `Norm of ∂loss/∂kernel of ${kernels.length} kernels on one batch, seed 0. ${spreads[WATCHED.indexOf(name)]}.`,
            (described) =>
              lineChart({
                ...described,
                title: `Gradient by kernel while training: ${name}`,
                series: norms.map((row, look) => ({
                  name: `step ${steps[look]}`,
                  x: row.map((_, i) => i + 1),
                  y: row,
                  markers: false,
                })),
                x: { label: 'kernel (1 = nearest the input)', integer: true },
                y: { label: 'norm of the gradient', scale: 'log' },
                height: 300,
              }),
          );
        }),
      ],
      tables: [
        ...drawn.tables,
        {
          name: 'training',
          caption: 'Norm of the gradient of each kernel while training.',
          columns: ['network', 'step', 'kernel', 'norm'],
          rows: WATCHED.flatMap((name) =>
            training[name].norms.flatMap((row, look) =>
              row.map((norm, i) => [
                name,
                training[name].steps[look],
                training[name].kernels[i],
                norm,
              ]),
            ),
          ),
        },
      ],
    };
  },
};

/** How gradients change with depth, at initialisation and while training. */
export function gradients(options: LabOptions): Promise<LabResult<GradientsData>> {
  return runExperiment(gradientsExperiment, options);
}
