import { sharedLayerClasses } from '../../src/interchange/keras/layer-options.js';
import {
  adam,
  adamW,
  batchNormalization,
  binaryCrossentropy,
  binaryFocalCrossentropy,
  type CompileOptions,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  clearNames,
  constant,
  conv2d,
  cosineDecay,
  cosineDecayRestarts,
  createReferenceExecutor,
  dense,
  exponentialDecay,
  flatten,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  hinge,
  huber,
  type Initializer,
  input,
  inverseTimeDecay,
  type Layer,
  type LearningRateSchedule,
  l1,
  l1L2,
  l2,
  lamb,
  lion,
  loadDataset,
  Model,
  meanAbsoluteError,
  meanSquaredError,
  type Optimizer,
  ones,
  piecewiseConstantDecay,
  polynomialDecay,
  Random,
  resnet50,
  rmsprop,
  type SampleArray,
  sequential,
  setRandomSeed,
  sgd,
  sparseCategoricalCrossentropy,
  squaredHinge,
  topKAccuracy,
  zeros,
} from '../../src/node.js';
import { buildModel } from '../layers/layer-row.js';
import { layerRows } from '../layers/layer-rows.js';
import { randomGraph } from './random-graphs.js';

/** A model that goes to real Keras and comes back, with a batch to train on. */
export interface KerasJob {
  readonly model: Model;
  readonly x: SampleArray[];
  readonly y: SampleArray[];
  /** Whether both sides train on; not where they draw at random. */
  readonly trains: boolean;
  /** Whether the older file format is tried too. */
  readonly legacy: boolean;
  /** Whether outputs are measured against float64, for networks that are deep. */
  readonly exact: boolean;
  /** What runs the model that comes back. */
  readonly executor: 'reference' | 'cpu';
}

/** Named makers of jobs, so that Python starts before all are made. */
export type KerasJobs = ReadonlyMap<string, () => Promise<KerasJob>>;

const BATCH = 4;
/** Steps of training here before a model is carried over. */
const STEPS = 2;

/** A batch for a compiled model: normal inputs, and targets of the kind that its losses take. */
function batchFor(model: Model, seed: number): { x: SampleArray[]; y: SampleArray[] } {
  const random = new Random(seed, [815]);
  const array = (shape: readonly number[], value: (i: number) => number) => {
    const full = [BATCH, ...shape];
    const size = full.reduce((product, axis) => product * axis, 1);
    return { data: Float32Array.from({ length: size }, (_, i) => value(i)), shape: full };
  };
  const { outputs } = model.compileConfig() as { outputs: { loss: { name: string } }[] };
  return {
    x: model.inputShapes.map((shape) => array(shape, () => random.normal())),
    y: model.outputShapes.map(([classes], i) => {
      const { name } = outputs[i].loss;
      if (name.startsWith('sparse')) return array([], () => random.integer(classes));
      if (name.startsWith('mean')) return array([classes], () => random.normal());
      const hot = Array.from({ length: BATCH }, () => random.integer(classes));
      return array([classes], (j) => (j % classes === hot[Math.floor(j / classes)] ? 1 : 0));
    }),
  };
}

interface JobOptions extends Partial<Omit<KerasJob, 'model' | 'x' | 'y'>> {
  readonly seed?: number;
  readonly compile?: CompileOptions;
}

/** Compiles a model and trains it for some steps. */
async function jobOf(model: Model, options: JobOptions = {}): Promise<KerasJob> {
  const { seed = 0, trains = true, legacy = false } = options;
  const compile = options.compile ?? { optimizer: sgd(), loss: 'categoricalCrossentropy' };
  model.compile({ ...compile, on: createReferenceExecutor() });
  const { x, y } = batchFor(model, seed);
  for (let step = 0; trains && step < STEPS; step++) await model.trainOnBatch(x, y);
  return { model, x, y, trains, legacy, exact: false, executor: 'reference' };
}

/** A random graph with one of the optimizers, weighted losses and a metric. */
async function graphJob(seed: number): Promise<KerasJob> {
  const model = randomGraph(seed);
  const optimizers = [
    adam({ learningRate: 0.003 }),
    sgd({ learningRate: 0.01, momentum: 0.9, nesterov: seed % 3 === 0 }),
    sgd({
      learningRate:
        seed % 2 === 0 ? 0.02 : cosineDecay({ initialLearningRate: 0.03, decaySteps: 6 }),
    }),
    adamW({ learningRate: 0.003, weightDecay: 0.1 }),
    rmsprop({ learningRate: 0.003, momentum: 0.5, centered: seed % 2 === 0 }),
    lion({ learningRate: 0.001, weightDecay: 0.1 }),
    lamb({ learningRate: 0.003, globalClipNorm: 1, useEma: true }),
    adam({ learningRate: 0.003, clipNorm: 0.1, gradientAccumulationSteps: 3 }),
  ];
  const compile: CompileOptions = {
    optimizer: optimizers[seed % optimizers.length],
    loss: categoricalCrossentropy(),
    lossWeights: model.outputNames.map((_, i) => 1 / (i + 1)),
    metrics: ['accuracy'],
  };
  return jobOf(model, { compile, seed, legacy: seed % 4 === 3 });
}

/** So many random graphs. */
export const graphJobs = (count: number): KerasJobs =>
  new Map(Array.from({ length: count }, (_, seed) => [`graph ${seed}`, () => graphJob(seed)]));

/** Every layer in every setting that the layer tests have, where Keras has it too. */
export const layerJobs: KerasJobs = new Map(
  layerRows
    .filter(({ className }) => className === 'InputLayer' || sharedLayerClasses.includes(className))
    .map((row, i) => {
      const make = async () => {
        clearNames();
        const trains = row.className !== 'Dropout';
        return jobOf(await buildModel(row), { trains, legacy: i % 4 === 0 });
      };
      return [`layer ${row.className}, ${row.title}`, make];
    }),
);

/** A model of one hidden layer. */
function smallModel(options: { activation?: 'softmax' | 'sigmoid'; units?: number } = {}): Model {
  clearNames();
  const x = input({ shape: [4, 3, 2], name: 'x' });
  const y = conv2d({ filters: 3, kernelSize: 2, activation: 'relu', name: 'stem' })(x);
  const { activation = 'linear', units = 4 } = options;
  const outputs = dense({ units, activation, name: 'head' })(flatten({ name: 'flat' })(y));
  return new Model({ inputs: x, outputs, name: 'small' });
}

const initializers: Readonly<Record<string, Initializer>> = {
  glorotUniform: glorotUniform(),
  'glorotUniform of seed 3': glorotUniform({ seed: 3 }),
  glorotNormal: glorotNormal(),
  'glorotNormal of seed 4': glorotNormal({ seed: 4 }),
  heUniform: heUniform(),
  'heUniform of seed 5': heUniform({ seed: 5 }),
  heNormal: heNormal(),
  'heNormal of seed 6': heNormal({ seed: 6 }),
  zeros: zeros(),
  ones: ones(),
  constant: constant(-0.25),
};

const regularizers = { l1: l1(0.01), l2: l2(0.02), l1L2: l1L2({ l1: 0.003, l2: 0.004 }) };

/** Initializers and regularisers of every weight that takes one. */
export const weightJobs: KerasJobs = new Map([
  ...Object.entries(initializers).map(([name, initializer]) => {
    const make = () => {
      clearNames();
      const kernelInitializer = initializer;
      const layers: Layer[] = [
        conv2d({ filters: 2, kernelSize: 2, kernelInitializer, biasInitializer: initializer }),
        batchNormalization({
          gammaInitializer: initializer,
          betaInitializer: initializer,
          movingMeanInitializer: initializer,
          movingVarianceInitializer: 'ones',
        }),
        flatten(),
        dense({ units: 3, kernelInitializer, biasInitializer: initializer }),
      ];
      const model = sequential({ inputShape: [3, 3, 2], layers, name: 'm' });
      return jobOf(model, { compile: { loss: 'meanSquaredError' } });
    };
    return [`initializer ${name}`, make] as const;
  }),
  ...Object.entries(regularizers).map(([name, regularizer]) => {
    const make = () => {
      clearNames();
      const kernelRegularizer = regularizer;
      const layers: Layer[] = [
        conv2d({ filters: 2, kernelSize: 2, kernelRegularizer, biasRegularizer: regularizer }),
        batchNormalization({ gammaRegularizer: regularizer, betaRegularizer: regularizer }),
        flatten(),
        dense({ units: 3, kernelRegularizer, biasRegularizer: regularizer, activation: 'softmax' }),
      ];
      const model = sequential({ inputShape: [3, 3, 2], layers, name: 'm' });
      return jobOf(model, { legacy: true });
    };
    return [`regulariser ${name}`, make] as const;
  }),
]);

/** Rates that change in the few steps of a test. */
const schedules: Readonly<Record<string, LearningRateSchedule>> = {
  cosineDecay: cosineDecay({
    initialLearningRate: 0.01,
    decaySteps: 8,
    alpha: 0.1,
    warmupTarget: 0.05,
    warmupSteps: 4,
  }),
  cosineDecayRestarts: cosineDecayRestarts({ initialLearningRate: 0.05, firstDecaySteps: 3 }),
  exponentialDecay: exponentialDecay({ initialLearningRate: 0.05, decaySteps: 4, decayRate: 0.5 }),
  'exponentialDecay in stairs': exponentialDecay({
    initialLearningRate: 0.05,
    decaySteps: 3,
    decayRate: 0.5,
    staircase: true,
  }),
  inverseTimeDecay: inverseTimeDecay({ initialLearningRate: 0.05, decaySteps: 2, decayRate: 0.5 }),
  piecewiseConstantDecay: piecewiseConstantDecay({
    boundaries: [3, 6],
    values: [0.05, 0.02, 0.01],
  }),
  polynomialDecay: polynomialDecay({
    initialLearningRate: 0.05,
    decaySteps: 5,
    endLearningRate: 0.001,
    power: 2,
    cycle: true,
  }),
};

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  adam: () => adam(),
  'adam with options': () => adam({ learningRate: 0.02, beta1: 0.8, beta2: 0.99, epsilon: 1e-5 }),
  sgd: () => sgd(),
  'sgd with momentum': () => sgd({ learningRate: 0.1, momentum: 0.5 }),
  'sgd with Nesterov': () => sgd({ learningRate: 0.1, momentum: 1, nesterov: true }),
  'sgd with weight decay': () => sgd({ learningRate: 0.1, weightDecay: 0.05 }),
  adamw: () => adamW(),
  'adamw with options': () =>
    adamW({ learningRate: 0.02, weightDecay: 0.2, beta1: 0.8, beta2: 0.99, epsilon: 1e-5 }),
  rmsprop: () => rmsprop(),
  'rmsprop with momentum, centered': () =>
    rmsprop({ learningRate: 0.01, rho: 0.8, momentum: 0.5, epsilon: 1e-5, centered: true }),
  lion: () => lion(),
  'lion with options': () =>
    lion({ learningRate: 0.005, beta1: 0.8, beta2: 0.95, weightDecay: 0.1 }),
  lamb: () => lamb(),
  'lamb with options': () =>
    lamb({ learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-5, weightDecay: 0.1 }),
  'clipping by the norm of each weight': () => sgd({ learningRate: 0.1, clipNorm: 0.05 }),
  'clipping by the norm of all': () => sgd({ learningRate: 0.1, globalClipNorm: 0.1 }),
  'clipping by value': () => sgd({ learningRate: 0.1, clipValue: 0.02 }),
  'a moving average': () => adam({ useEma: true, emaMomentum: 0.8 }),
  'a moving average that overwrites': () =>
    rmsprop({ useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 3, momentum: 0.5 }),
  'accumulated gradients': () => adamW({ gradientAccumulationSteps: 3, learningRate: 0.01 }),
  ...Object.fromEntries(
    Object.entries(schedules).map(([name, learningRate], i) => [
      `${i % 2 === 0 ? 'adam' : 'sgd'} with ${name}`,
      () => (i % 2 === 0 ? adam : sgd)({ learningRate }),
    ]),
  ),
};

const probabilities = () => smallModel({ activation: 'softmax' });
const compileRows: Readonly<Record<string, { model: () => Model; compile: CompileOptions }>> = {
  'categorical cross-entropy': {
    model: probabilities,
    compile: { loss: categoricalCrossentropy(), metrics: ['accuracy', topKAccuracy({ k: 2 })] },
  },
  'categorical cross-entropy of logits': {
    model: smallModel,
    compile: { loss: categoricalCrossentropy({ fromLogits: true }), metrics: ['mse'] },
  },
  'sparse cross-entropy': {
    model: probabilities,
    compile: {
      loss: sparseCategoricalCrossentropy(),
      metrics: ['accuracy', topKAccuracy({ k: 3, name: 'best3' })],
    },
  },
  'sparse cross-entropy of logits': {
    model: smallModel,
    compile: { loss: sparseCategoricalCrossentropy({ fromLogits: true }) },
  },
  'smoothed labels': {
    model: probabilities,
    compile: { loss: categoricalCrossentropy({ labelSmoothing: 0.1 }) },
  },
  'focal cross-entropy': {
    model: probabilities,
    compile: { loss: categoricalFocalCrossentropy({ gamma: 1.5 }) },
  },
  'binary cross-entropy of logits': {
    model: smallModel,
    compile: { loss: binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.1 }) },
  },
  // Behind a sigmoid: behind a softmax Keras takes other values than the probabilities themselves.
  'binary focal cross-entropy': {
    model: () => smallModel({ activation: 'sigmoid' }),
    compile: {
      loss: binaryFocalCrossentropy({ gamma: 1.5, alpha: 0.3, applyClassBalancing: true }),
    },
  },
  'mean absolute error': { model: smallModel, compile: { loss: meanAbsoluteError() } },
  // Keras 3.15's own files forget another delta than 1.
  huber: { model: smallModel, compile: { loss: huber() } },
  hinge: { model: smallModel, compile: { loss: hinge() } },
  'squared hinge': { model: smallModel, compile: { loss: squaredHinge() } },
  'mean squared error': {
    model: smallModel,
    compile: { loss: meanSquaredError(), lossWeights: [0.5], metrics: ['meanSquaredError'] },
  },
};

/** Optimizers, losses, metrics. */
export const compileJobs: KerasJobs = new Map([
  ...Object.entries(optimizers).map(([name, make]) => {
    const loss = 'categoricalCrossentropy';
    const job = () =>
      jobOf(probabilities(), { compile: { optimizer: make(), loss }, legacy: true });
    return [`optimizer ${name}`, job] as const;
  }),
  ...Object.entries(compileRows).map(([name, { model, compile }]) => {
    return [`loss ${name}`, () => jobOf(model(), { compile, legacy: true })] as const;
  }),
]);

/** Lists of names that HDF5 attributes are too small for: of layers, and of weights in one layer. */
export const manyNamesJob = async (): Promise<KerasJob> => {
  clearNames();
  const long = (i: number) => `${'long_name_'.repeat(19)}${i}`;
  const inner = Array.from({ length: 170 }, (_, i) => dense({ units: 1, name: long(i) }));
  const nested = sequential({ inputShape: [2], layers: inner, name: 'inner' });
  const x = input({ shape: [2], name: 'x' });
  let y = nested(x);
  for (let i = 1000; i < 1340; i++) y = dense({ units: 1, useBias: false, name: long(i) })(y);
  const outputs = dense({ units: 2, activation: 'softmax', name: 'head' })(y);
  return jobOf(new Model({ inputs: x, outputs, name: 'many' }), { trains: false, legacy: true });
};

const ARTICLE_BATCH = 8;
const ARTICLE_STEPS = 20;
/** So small that float32 and float64 stay together for some steps. */
const ARTICLE_RATE = 1e-5;

/** The article's network, trained by us on the executor that users have, for some steps of Adam. */
export async function articleJob(): Promise<KerasJob> {
  clearNames();
  setRandomSeed(0);
  const samples = ARTICLE_STEPS * ARTICLE_BATCH;
  const { train } = await loadDataset('fashion-mnist-mini', { limit: samples });
  const model = resnet50({ inputShape: [28, 28, 1], classes: 10 });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  await model.fit(train, { epochs: 1, batchSize: ARTICLE_BATCH, verbose: false });
  model.optimizer.learningRate = ARTICLE_RATE;
  const x = new Float32Array(ARTICLE_BATCH * 28 * 28);
  const y = new Float32Array(ARTICLE_BATCH * 10);
  await train.gather(
    Uint32Array.from({ length: ARTICLE_BATCH }, (_, i) => i),
    [x],
    [y],
  );
  return {
    model,
    x: [{ data: x, shape: [ARTICLE_BATCH, 28, 28, 1] }],
    y: [{ data: y, shape: [ARTICLE_BATCH, 10] }],
    trains: true,
    legacy: false,
    exact: true,
    executor: 'cpu',
  };
}
