import type { Model } from '../../models/model.js';
import type { ExecutorOptions } from '../../models/platform.js';
import type { DownloadProgress } from '../data/download-dataset.js';
import { type LoadedDataset, loadDataset } from '../data/load-dataset.js';
import type { FileSystem } from '../files.js';
import { augmentTraining } from './build-model.js';
import type { RunSettings } from './run-record.js';

/** What a run is told besides its settings. */
export interface RunHooks {
  /** Asks the run to stop: it finishes the step under way and saves. */
  readonly signal?: AbortSignal;
  /** Hears of a download of the data. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Whether the run takes the time of every kernel call; default false. */
  readonly profile?: boolean;
  /** The model to train, instead of the ready-made network that the settings name. */
  readonly model?: Model;
  /** Whether that model goes on with the optimizer that it was compiled with, and its state; default false. */
  readonly keepOptimizer?: boolean;
  /** What was typed to begin the run, cut to 4,096 characters, and the recipe that it is of. */
  readonly command?: string;
  readonly recipe?: string;
  /** Who keeps the run's files; the machine unless a test says otherwise. */
  readonly files?: FileSystem;
}

/** What runs the model of a run. */
export function engineOptions(
  { executor, replicas, gemm }: RunSettings,
  { profile }: RunHooks,
): ExecutorOptions {
  return { executor, replicas, gemm, profile };
}

/** The data of a run, the training part changed as the settings say. @throws the signal's reason when it is aborted. */
export async function loadRunData(settings: RunSettings, hooks: RunHooks): Promise<LoadedDataset> {
  const { signal, onDownload } = hooks;
  try {
    const options = { signal, onProgress: onDownload };
    const data = await loadDataset(settings.dataset, { ...settings, ...options });
    signal?.throwIfAborted();
    return augmentTraining(data, settings);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
