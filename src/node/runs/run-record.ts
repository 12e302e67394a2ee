import type { ExecutorDescription } from '../../runtime/executor.js';
import type { EpochPosition } from '../../training/epoch-position.js';
import type { OptimizerName } from '../../training/optimizers.js';
import type { ResizeMode } from '../data/decode-image.js';
import type { DatasetOrigin } from '../data/load-dataset.js';

/** What a run trains, and how. */
export interface RunSettings {
  /** Name of a ready-made network. */
  readonly model: string;
  /** Name of a known data set, or the absolute path of a folder of images. */
  readonly dataset: string;
  /** Folder that the data set is read from, absolute; where residuum finds it when absent. */
  readonly dataDir?: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** Decoupled decay; the optimizer's default when absent. */
  readonly weightDecay?: number;
  /** [height, width] and channels that images of a folder are read as; absent for data sets by name. */
  readonly imageSize?: readonly [number, number];
  readonly channels?: 1 | 3;
  /** How images of a folder come to that size. */
  readonly resize?: ResizeMode;
  /** Most samples of each part of the data set. */
  readonly limit?: number;
  /** Determines first weights, order of samples, dropout, augmentation, and the parts of a folder of images. */
  readonly seed: number;
  readonly executor: 'cpu' | 'reference';
  /** Workers; as many as the executor chooses when absent. */
  readonly replicas?: number;
  readonly gemm?: 'onnxruntime' | 'wasm';
  /** When the run is saved besides after every epoch. */
  readonly checkpoint?: CheckpointSettings;
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
