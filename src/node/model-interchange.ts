import { stat } from 'node:fs/promises';
import { DataError, ResiduumError, ValueError } from '../core/errors.js';
import type { FileReport } from '../interchange/file-report.js';
import { detectFormat, exportFormatNames, findFormat } from '../interchange/formats.js';
import type { ExportOptions, ImportOptions, ModelFormat } from '../interchange/model-format.js';
import { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';
import { networkToConfig } from '../network/config.js';
import { networkFromConfig } from '../network/config-loading.js';
import { readFileBounded, writeFileAtomic } from './files.js';
import { makeReceipt, type Receipt, receiptArrays, receiptError, receiptPath } from './receipt.js';
import { isRunFolder, RunFolder } from './run-folder.js';
import { hasOnnxRuntime, runOnnx } from './run-onnx.js';

const LARGEST_MODEL_FILE = 4 * 2 ** 30;

/** What carrying a model in or out is busy with; a stage of which the length is known tells its bytes. */
export interface TransferProgress {
  /** Reading the file, making the model of it; making the file, running the model for its receipt, writing. */
  readonly stage: 'reading' | 'decoding' | 'encoding' | 'computing' | 'writing';
  /** Bytes that are done. */
  readonly done?: number;
  /** Bytes in all. */
  readonly total?: number;
}

/** Hears how far carrying a model in or out has come. */
export type OnTransfer = (progress: TransferProgress) => void;

/** A file in a format that is known. */
interface OpenedFile {
  readonly bytes: Uint8Array;
  readonly format: ModelFormat;
  readonly source: string;
}

async function openFile(path: string, onProgress?: OnTransfer): Promise<OpenedFile> {
  const bytes = await readFileBounded(path, LARGEST_MODEL_FILE, 'model file', {
    onRead: (done, total) => onProgress?.({ stage: 'reading', done, total }),
  });
  onProgress?.({ stage: 'decoding' });
  return { bytes, format: await detectFormat(bytes, path), source: `'${path}'` };
}

/** Options of `importModel`. */
export interface ImportModelOptions extends Omit<ImportOptions, 'source'> {
  /** Hears how far it has come. */
  onProgress?: OnTransfer;
}

/**
 * Makes a model of a file in any known format, recognised by its content.
 * @throws {DataError} when the file cannot be read. @throws {FormatError} when it is damaged or holds what
 * this library has not. @throws {ValueError} when it holds weights only and `architecture` is missing.
 */
export async function importModel(
  path: string,
  { onProgress, ...options }: ImportModelOptions = {},
): Promise<Model> {
  const { bytes, format, source } = await openFile(path, onProgress);
  return format.importModel(bytes, { ...options, source });
}

/**
 * The model of a run's folder or of a model file in any known format.
 * @throws {DataError} when it cannot be read. @throws {FormatError} when it is damaged.
 */
export async function openModel(
  path: string,
  options: ExecutorOptions & { onProgress?: OnTransfer } = {},
): Promise<Model> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder && !(await isRunFolder(path))) {
    throw new DataError(`${path} is a folder, but no run; name a run's folder or a model file.`);
  }
  if (!isFolder) return importModel(path, options);
  const { onProgress, ...executorOptions } = options;
  onProgress?.({ stage: 'decoding' });
  return (await RunFolder.open(path)).readModel(executorOptions);
}

/** What `inspectModel` finds out. */
export interface Inspection extends FileReport {
  /** Name and title of the format. */
  readonly format: Pick<ModelFormat, 'name' | 'title'>;
  /** Size of the file. */
  readonly bytes: number;
  /** Whether nothing in it is dangerous. */
  readonly safe: boolean;
  /** Whether `importModel` makes a model of it; of files with weights only, given the right network. */
  readonly loadable: boolean;
  /** The model that was read from it, where it can be. */
  readonly model?: Model;
}

/**
 * Looks into a model file: nothing in it is executed, and nothing else is opened.
 * @throws {DataError} when the file cannot be read. @throws {FormatError} when its format is not known,
 * or it is too damaged to be listed.
 */
export async function inspectModel(path: string): Promise<Inspection> {
  const { bytes, format, source } = await openFile(path);
  const report = await format.inspect(bytes, source);
  const findings = [...report.findings];
  let model: Model | undefined;
  if (findings.every(({ kind }) => kind === 'note') && format.weightsOnly !== true) {
    try {
      model = await format.importModel(bytes, { source });
    } catch (error) {
      if (!(error instanceof ResiduumError)) throw error;
      findings.push({ kind: 'unloadable', message: error.message });
    }
  }
  return {
    ...report,
    findings,
    format: { name: format.name, title: format.title },
    bytes: bytes.length,
    safe: findings.every(({ kind }) => kind !== 'unsafe'),
    loadable: findings.every(({ kind }) => kind === 'note'),
    model,
  };
}

/** Options of `exportModel`. */
export interface ExportModelOptions extends ExportOptions {
  /** Name of the format: `safetensors`, `onnx`, … */
  format: string;
  /** Determines the inputs of the receipt; default 0. */
  seed?: number;
  /** Hears how far it has come. */
  onProgress?: OnTransfer;
}

/** What `exportModel` wrote. */
export interface ExportedModel {
  /** Path of the file. */
  readonly path: string;
  /** Its size in bytes. */
  readonly bytes: number;
  /** Path of the receipt. */
  readonly receiptPath: string;
  /** What the file has to compute. */
  readonly receipt: Receipt;
}

/**
 * The row of a format that can be written.
 * @throws {UnknownNameError} for an unknown name. @throws {ValueError} when it can only be read.
 */
export function requireExportFormat(
  name: string,
): ModelFormat & Required<Pick<ModelFormat, 'exportModel'>> {
  const format = findFormat(name);
  const { exportModel: write } = format;
  if (write !== undefined) return { ...format, exportModel: write };
  const names = exportFormatNames().join(', ');
  throw new ValueError(`the format '${name}' can be read but not written; choose one of ${names}`);
}

/**
 * Writes a model in a format of others, and beside it a receipt: seeded inputs and what the model gives
 * for them. Each file appears whole or not at all.
 * @throws {ValueError} when the model holds what the format has not. @throws {DataError} when a file
 * cannot be written.
 */
export async function exportModel(
  model: Model,
  path: string,
  options: ExportModelOptions,
): Promise<ExportedModel> {
  const { format: name, seed = 0, onProgress, ...exportOptions } = options;
  const format = requireExportFormat(name);
  onProgress?.({ stage: 'encoding' });
  const pieces = await format.exportModel(model, exportOptions);
  onProgress?.({ stage: 'computing' });
  const receipt = await makeReceipt(model, format, path, pieces, seed);
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  await writeFileAtomic(path, pieces, {
    onWritten: (done) => onProgress?.({ stage: 'writing', done, total: bytes }),
  });
  await writeFileAtomic(receiptPath(path), `${JSON.stringify(receipt, null, 2)}\n`);
  return { path, bytes, receiptPath: receiptPath(path), receipt };
}

/** How a file answered its receipt. */
export interface Verification {
  /** What computed: `residuum`, which read the file back, or `onnxruntime-node`. */
  readonly engine: string;
  /** ‖found − expected‖₂ / ‖expected‖₂ over all outputs. */
  readonly error: number;
  /** Whether the error is at most `tolerance`. */
  readonly passed: boolean;
  /** Largest error that passes. */
  readonly tolerance: number;
}

const TOLERANCE = 1e-5;

/**
 * Replays a receipt on the file itself: an ONNX file in ONNX Runtime where that is installed, others by
 * reading them back.
 * @param model the model that was exported; files with weights only are read into its network.
 * @throws {FormatError} when the file cannot be read back. @throws {ExecutorError} when ONNX Runtime
 * refuses it.
 */
export async function verifyExport(model: Model, exported: ExportedModel): Promise<Verification> {
  const { path, receipt } = exported;
  const arrays = receiptArrays(receipt.inputs);
  if (receipt.kind === 'onnx' && (await hasOnnxRuntime())) {
    const bytes = await readFileBounded(path, LARGEST_MODEL_FILE, 'model file');
    const error = receiptError(receipt.outputs, await runOnnx(bytes, arrays));
    const engine = 'onnxruntime-node';
    return { engine, error, passed: error <= TOLERANCE, tolerance: TOLERANCE };
  }
  const loaded = await importModel(path, { architecture: () => sameArchitecture(model) });
  try {
    const found = await loaded.predictAll(arrays, { batchSize: arrays[0].shape[0] });
    const error = receiptError(receipt.outputs, found);
    return { engine: 'residuum', error, passed: error <= TOLERANCE, tolerance: TOLERANCE };
  } finally {
    await loaded.dispose();
  }
}

/** A new model of the same structure, with first weights. */
function sameArchitecture(model: Model): Model {
  const network = networkFromConfig(networkToConfig(model.network), {
    nestedModel: ({ inputs, outputs }, { name, trainable }) =>
      new Model({ inputs, outputs, name, trainable }),
  });
  return new Model({ inputs: network.inputs, outputs: network.outputs, name: network.name });
}
