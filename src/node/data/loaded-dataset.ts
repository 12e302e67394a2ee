import type { Dataset } from '../../data/dataset.js';
import type { ResizeMode } from './decode-image.js';

/** Where a data set came from: the caller's folder, the cache, the system, or residuum itself. */
export type DatasetOrigin = 'folder' | 'cache' | 'system' | 'package' | 'download';

/** Facts about a loaded data set. */
export interface DatasetInfo {
  /** Name by which it was asked for. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** Names of the classes, in the order of the labels. */
  readonly classNames: readonly string[];
  /** Shape of one image, `[H, W, C]`. */
  readonly imageShape: readonly number[];
  /** Licence of the data. */
  readonly licence: string;
  /** What kind of place it was found in. */
  readonly origin: DatasetOrigin;
  /** The folder that was read. */
  readonly where: string;
  /** How images came to their size, where they are files of any size. */
  readonly resize?: ResizeMode;
}

/** A data set in three parts, each with images `[H, W, C]` in [0, 1] and one-hot targets. */
export interface LoadedDataset {
  /** Samples to train on. */
  readonly train: Dataset;
  /** Samples to choose settings by. */
  readonly validation: Dataset;
  /** Samples to report on. */
  readonly test: Dataset;
  /** What was loaded, and from where. */
  readonly info: DatasetInfo;
}
