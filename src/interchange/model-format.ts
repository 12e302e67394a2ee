import { ValueError } from '../core/errors.js';
import type { LambdaFunctions } from '../layers/registry.js';
import type { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';
import type { FileReport } from './file-report.js';

/** Options of the readers of model files. */
export interface ImportOptions extends ExecutorOptions {
  /** Name of the file, for messages. */
  source?: string;
  /** Makes the network that the weights go into, for files that hold weights only. */
  architecture?: () => Model;
  /** Keras: whether the model is compiled as the file says, and goes on with its optimizer; default true. */
  compile?: boolean;
  /** Functions of lambda layers, by layer name: files never hold code. */
  lambdas?: LambdaFunctions;
  /** Keras: sizes of one sample, for an input of which the file leaves sizes open. */
  inputShape?: readonly number[];
}

/** Options of the writers of model files. */
export interface ExportOptions {
  /** ONNX: whether batch normalisations are folded into the convolutions before them; default false. */
  foldBatchNorm?: boolean;
  /** Keras: whether the file says how the model is trained, with the optimizer's state; default true. */
  compile?: boolean;
}

/** How a user rechecks a file in Python; `r` is the receipt and `f(i)` the numbers of one of its inputs. */
export interface PythonRecheck {
  /** What is imported beside `json` and `numpy as np`, such as `onnxruntime as ort`. */
  readonly imports: string;
  /** An expression that gives the list of outputs. */
  readonly outputs: string;
}

/**
 * A format that models are carried in. The rows stand in `src/interchange/formats.ts`; everything works
 * on bytes, so that it runs in a browser too, and bytes are never trusted.
 */
export interface ModelFormat {
  /** What `--to` takes. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** Endings of file names, the customary one first. */
  readonly extensions: readonly string[];
  /** Whether the bytes look like this format; cheap, and never throws. */
  detect(bytes: Uint8Array): boolean | Promise<boolean>;
  /**
   * What is inside, whether or not it can be loaded.
   * @throws {FormatError} when the bytes cannot be read at all.
   */
  inspect(bytes: Uint8Array, source: string): Promise<FileReport>;
  /**
   * Makes a model. Sizes are checked before memory is taken, and nothing is executed.
   * @throws {FormatError} when the file is damaged or holds what this library has not.
   */
  importModel(bytes: Uint8Array, options: ImportOptions): Promise<Model>;
  /**
   * The file in pieces.
   * @throws {ValueError} when the model holds what the format has not.
   */
  exportModel?(model: Model, options: ExportOptions): Promise<readonly Uint8Array[]>;
  /** Whether a file holds weights only, so that reading it needs `architecture`. */
  readonly weightsOnly?: boolean;
  /**
   * How the file is rechecked in Python, where Python has the network.
   * @param file a Python expression of its path. @param model the model that was exported.
   */
  recheck?(file: string, model: Model): PythonRecheck | undefined;
}

/**
 * The network that the weights of a file go into.
 * @throws {ValueError} when none was named.
 */
export function requireArchitecture({ architecture, source }: ImportOptions): Model {
  if (architecture !== undefined) return architecture();
  throw new ValueError(
    `${source ?? 'the file'} holds weights only; name the network that they belong to (--model NAME, or the option architecture)`,
  );
}
