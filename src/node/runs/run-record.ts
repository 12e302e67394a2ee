import type { NamedOptions } from '../../core/named-options.js';
import type { ExecutorDescription } from '../../runtime/executor.js';
import type { EpochPosition } from '../../training/epoch-position.js';
import type { OptimizerName } from '../../training/optimizers.js';
import type { ClassWeight } from '../../training/sample-weights.js';
import type { ResizeMode } from '../data/decode-image.js';
import type { DatasetOrigin } from '../data/load-dataset.js';

/** What a run trains, and how. */
export interface RunSettings {
  /** Name of a ready-made network, or of the file that the model came from. */
  readonly model: string;
  /** Options of the network besides the shape of images and the number of classes. */
  readonly modelOptions?: Readonly<Record<string, unknown>>;
  /** File that the model came from, absolute. */
  readonly modelFile?: string;
  /** Name of a known data set, or the absolute path of a folder of images. */
  readonly dataset: string;
  /** Folder that the data set is read from, absolute; where residuum finds it when absent. */
  readonly dataDir?: string;
  /** Passes over the data. */
  readonly epochs: number;
  /** Samples in a step. */
  readonly batchSize: number;
  /** Name of the optimizer. */
  readonly optimizer: OptimizerName;
  /** Learning rate, at first. */
  readonly learningRate: number;
  /** Decoupled decay; the optimizer's default when absent. */
  readonly weightDecay?: number;
  /** [height, width] that images of a folder are read as; absent for data sets by name. */
  readonly imageSize?: readonly [number, number];
  /** Channels that images of a folder are read as; absent for data sets by name. */
  readonly channels?: 1 | 3;
  /** How images of a folder come to that size. */
  readonly resize?: ResizeMode;
  /** Options of the optimizer besides rate and decay. */
  readonly optimizerOptions?: Readonly<Record<string, unknown>>;
  /** The learning rate over time, in epochs or steps; `learningRate` is its first value. */
  readonly schedule?: NamedOptions;
  /** Default `categoricalCrossentropy`. */
  readonly loss?: NamedOptions;
  /** Metrics besides the accuracy. */
  readonly metrics?: readonly NamedOptions[];
  /** What else happens while it trains. */
  readonly callbacks?: readonly NamedOptions[];
  /** Changes of the training images, in their order. */
  readonly augment?: readonly NamedOptions[];
  /** What the samples of each class count in the loss of training, by class index; default 1. */
  readonly classWeights?: ClassWeight;
  /** What is evaluated, where it is not the weights as they are on the images as they are. */
  readonly evaluate?: EvaluationSettings;
  /** Most samples of each part of the data set. */
  readonly limit?: number;
  /** Determines first weights, order of samples, dropout, augmentation, and the parts of a folder of images. */
  readonly seed: number;
  /** Which executor computes it. */
  readonly executor: 'cpu' | 'reference';
  /** Workers; as many as the executor chooses when absent. */
  readonly replicas?: number;
  /** Who computes matrix products; the executor chooses when absent. */
  readonly gemm?: 'onnxruntime' | 'wasm';
  /** When the run is saved besides after every epoch. */
  readonly checkpoint?: CheckpointSettings;
}

/** Which weights of a run are evaluated, and on which views of the images. */
export interface EvaluationSettings {
  /**
   * `ema`: the moving averages that an optimizer with `useEma` keeps, for validation, the test, and whoever
   * reads the run's model. `swa`: the means that the callback `swa` keeps, which the model gets when training is
   * over, with new statistics for its batch normalisations; validation sees the weights as they are.
   */
  readonly weights?: 'ema' | 'swa';
  /** Changed views of the test images, whose predictions the mean is taken of, besides the images as they are. */
  readonly views?: readonly NamedOptions[];
}

/** When a run is saved within an epoch, and how much of it is kept. */
export interface CheckpointSettings {
  /** After so many steps. */
  readonly everySteps?: number;
  /** After so many minutes; 5 unless told. */
  readonly everyMinutes?: number;
  /** Generations of checkpoints on the disk, at least 2, which is the default. */
  readonly keep?: number;
}

/** Facts about the data that a run began with. */
export interface RunData {
  readonly name: string;
  readonly title: string;
  readonly origin: DatasetOrigin;
  /** The folder that was read. */
  readonly where: string;
  /** Shape of one image, `[H, W, C]`. */
  readonly imageShape: readonly number[];
  readonly classNames: readonly string[];
  /** Numbers of samples. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Figures by name, such as `loss`. */
export type Figures = Readonly<Record<string, number>>;

/** Where the saved weights stand: so many whole epochs, and so far in the next one. */
export interface RunPosition extends EpochPosition {
  readonly epoch: number;
}

/** An epoch that ran to its end. */
export interface EpochRecord {
  /** Number of the epoch, from 1. */
  readonly epoch: number;
  readonly figures: Figures;
}

/**
 * `running` while a process works on it, or after that was killed; `interrupted` when it was asked to
 * stop; `failed` after an error; `done` when all epochs and the test are over.
 */
export type RunStatus = 'running' | 'interrupted' | 'failed' | 'done';

/** All statuses. */
export const RUN_STATUSES: readonly RunStatus[] = ['running', 'interrupted', 'failed', 'done'];

/** What a run computes on. */
export interface RunMachine {
  readonly processor: string;
  /** Cores that the process may use. */
  readonly cores: number;
  /** Such as `linux-x64`. */
  readonly platform: string;
}

/** One more process that worked on a run: when, from where, and what was unexpected. */
export interface RunSession {
  /** When it began, ISO 8601. */
  readonly at: string;
  /** Epoch that it went on in, from 1, and samples of it that were done. */
  readonly epoch: number;
  readonly samples: number;
  readonly notes: readonly string[];
}

/** The content of a run's `run.json`, without `format` and `version`. */
export interface RunRecord {
  readonly status: RunStatus;
  /** Why the run failed. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** When the run began and when this was written, ISO 8601. */
  readonly created: string;
  readonly updated: string;
  /** Versions of residuum and Node that wrote this. */
  readonly versions: { readonly residuum: string; readonly node: string };
  readonly settings: RunSettings;
  /** What was typed to begin it, and the recipe that it is of. */
  readonly command?: string;
  readonly recipe?: string;
  /** The machine that it began on. */
  readonly machine?: RunMachine;
  readonly data: RunData;
  /** Numbers of values in the weights. */
  readonly parameters: number;
  readonly engine: ExecutorDescription;
  readonly position: RunPosition;
  /** Steps that the optimizer had done elsewhere before the run began, of a model that was carried in. */
  readonly stepsBefore?: number;
  readonly history: readonly EpochRecord[];
  /** Figures over the test images. */
  readonly test?: Figures;
  /** Figures over the validation images, measured as the test where that is otherwise than after epochs. */
  readonly validation?: Figures;
  /** Processes after the first one. */
  readonly sessions?: readonly RunSession[];
  /** Of a run that is done: `logDigest` of its log. */
  readonly logSha256?: string;
}

/** The position before the first step. */
export const BEGINNING: RunPosition = { epoch: 0, batch: 0, samples: 0, sums: {} };

/** Steps of one epoch. */
export function stepsOfEpoch(record: Pick<RunRecord, 'settings' | 'data'>): number {
  return Math.ceil(record.data.train / record.settings.batchSize);
}
