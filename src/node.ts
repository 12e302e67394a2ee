import { setPlatform } from './models/platform.js';
import { createCpuExecutor } from './node/cpu-executor.js';
import { progressBar } from './node/progress-bar.js';
import { createReferenceExecutor } from './runtime/reference/reference-executor.js';

setPlatform({
  async createExecutor({ executor = 'cpu', replicas, gemm, profile, graphs }) {
    if (executor === 'reference') return createReferenceExecutor({ replicas });
    return createCpuExecutor({ replicas, gemm, profile, graphs });
  },
  createProgress: progressBar,
});

export * from './library.js';
export { type CsvLoggerOptions, csvLogger } from './node/callbacks/csv-logger.js';
export { type JsonlLoggerOptions, jsonlLogger } from './node/callbacks/jsonl-logger.js';
export {
  type ModelCheckpoint,
  type ModelCheckpointOptions,
  modelCheckpoint,
} from './node/callbacks/model-checkpoint.js';
export { resolveCallback } from './node/callbacks/node-callbacks.js';
export { type TensorBoardOptions, tensorBoard } from './node/callbacks/tensor-board.js';
export { readRecipe, recipeNames } from './node/config/recipes.js';
export { parseRunConfig, type RunConfig, readRunConfig } from './node/config/run-config.js';
export {
  configOfSettings,
  DEFAULT_BATCH_SIZES,
  LARGE_DATASET,
  settingsOfConfig,
} from './node/config/settings-of-config.js';
export { type CpuExecutorOptions, createCpuExecutor } from './node/cpu-executor.js';
export { RESIZE_MODES, type ResizeMode } from './node/data/decode-image.js';
export { type FoundDataset, findDatasets } from './node/data/find-datasets.js';
export {
  type ImagePixels,
  type ReadImageOptions,
  readImageFile,
  type TrainedImages,
} from './node/data/image-file.js';
export {
  type DatasetInfo,
  datasetAddress,
  type LoadDatasetOptions,
  type LoadedDataset,
  loadDataset,
} from './node/data/load-dataset.js';
export { type ImageFolderOptions, loadImageFolder } from './node/data/load-image-folder.js';
export { loadNpz } from './node/data/load-npz.js';
export {
  type DataSets,
  type ImagesAndLabels,
  type ReadDataSetsOptions,
  readDataSets,
} from './node/data/read-data-sets.js';
export { type PlotModelOptions, plotModel } from './node/figures/plot-model.js';
export {
  type PngOptions,
  type SaveFigureOptions,
  saveFigure,
  svgToPdf,
  svgToPng,
} from './node/figures/svg-files.js';
export { loadModel, loadWeights, saveModel } from './node/model-files.js';
export {
  type ExportedModel,
  type ExportModelOptions,
  exportModel,
  type ImportModelOptions,
  type Inspection,
  importModel,
  inspectModel,
  type OnTransfer,
  openModel,
  type TransferProgress,
  type Verification,
  verifyExport,
} from './node/model-interchange.js';
export { type ProgressBarOptions, progressBar } from './node/progress-bar.js';
export type { Receipt, ReceiptInput, ReceiptOutput } from './node/receipt.js';
export { type ReportRunOptions, type RunReport, reportRun } from './node/run-report.js';
export {
  type ComparedRow,
  compareRuns,
  listRuns,
  type RunComparison,
  type RunSummary,
  removeRun,
  summarizeRun,
  type UnreadableRun,
} from './node/runs/list-runs.js';
export type { CheckpointSettings, RunSettings } from './node/runs/run-record.js';
