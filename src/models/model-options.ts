import type { SampleArray } from '../data/array-dataset.js';
import type { Dataset } from '../data/dataset.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import type { LayerOptions } from '../layers/layer.js';
import type { Executor } from '../runtime/executor.js';
import type { Callback } from '../training/callback.js';
import type { EpochPosition } from '../training/epoch-position.js';
import type { LossLike } from '../training/losses.js';
import type { MetricLike } from '../training/metrics.js';
import type { PerOutput } from '../training/objective.js';
import type { OptimizerLike } from '../training/optimizers.js';
import type { ClassWeight } from '../training/sample-weights.js';
import type { ExecutorOptions } from './platform.js';

/** Options of `Model`. */
export interface ModelOptions extends LayerOptions {
  /** One `input()` tensor or several. */
  inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** One tensor or several that were computed from the inputs. */
  outputs: SymbolicTensor | readonly SymbolicTensor[];
}

/** Options of `compile`. */
export interface CompileOptions extends ExecutorOptions {
  /** Default `adam`. */
  optimizer?: OptimizerLike;
  /** One loss, or one for each output, in order or by name. */
  loss: PerOutput<LossLike>;
  /** Weights of the outputs' losses; default 1. */
  lossWeights?: readonly number[] | Readonly<Record<string, number>>;
  /** Reported beside the loss, for all outputs or by output name. */
  metrics?: readonly MetricLike[] | Readonly<Record<string, readonly MetricLike[]>>;
  /** A ready executor instead of one by options, for example the float64 reference. */
  on?: Executor;
}

/** What a model was told by `compile` about losses and metrics. */
export type ObjectiveOptions = Pick<CompileOptions, 'loss' | 'lossWeights' | 'metrics'>;

/** Arrays of samples: one, or one for each input or output. */
export type Samples = SampleArray | readonly SampleArray[];

/** Options of `fit`, with Keras's names and defaults. */
export interface FitOptions {
  /** Default 1. */
  epochs?: number;
  /** Samples in a step; default 32. */
  batchSize?: number;
  /** Steps in an epoch, for a stream of samples or batches, which has no length. */
  stepsPerEpoch?: number;
  /** Share of the samples, the last ones, that are kept for validation. */
  validationSplit?: number;
  /** Data for validation: a data set, or inputs and targets, with the weights of the samples if wished. */
  validationData?:
    | Dataset
    | readonly [Samples, Samples]
    | readonly [Samples, Samples, ArrayLike<number>];
  /** What each sample counts in the loss; the loss is Σ weight · loss / samples. Default 1. */
  sampleWeight?: ArrayLike<number>;
  /** What the samples of each class count in the loss, by class index, such as `{ 0: 1, 1: 2 }`. */
  classWeight?: ClassWeight;
  /** Whether validation sees the weights or their moving averages (`useEma`); default `current`. */
  validationWeights?: WeightChoice;
  /** Whether each epoch has an order of its own; default true. */
  shuffle?: boolean;
  /** Determines the order of samples and dropout; default 0. */
  seed?: number;
  /** Hooks. */
  callbacks?: readonly Callback[];
  /** Whether progress is shown; default true. */
  verbose?: boolean;
  /** First epoch, from 0, when training goes on. */
  initialEpoch?: number;
  /** Where in the first epoch to go on, as found in `History.stoppedAt`. */
  initialPosition?: EpochPosition;
}

/** The weights as they are, or their moving averages, which an optimizer with `useEma` keeps. */
export type WeightChoice = 'current' | 'ema';

/** Options of `evaluate` and `predict`. */
export interface RunOptions {
  /** Default `current`. */
  weights?: WeightChoice;
  /** Samples in a step; default 32. */
  batchSize?: number;
  /** Hooks. */
  callbacks?: readonly Callback[];
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends RunOptions {
  /** What each sample counts in the loss; default 1. */
  sampleWeight?: ArrayLike<number>;
}

/** Predictions for all samples: values row-major, and their shape `[samples, ...]`. */
export interface Prediction {
  /** Values, row-major. */
  data: Float32Array;
  /** `[samples, ...]`. */
  shape: number[];
}
