import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FormatError } from '../../core/errors.js';
import type { NamedOptions } from '../../core/named-options.js';
import { datasetCatalog } from '../../data/catalog.js';
import { parseUntrustedJson } from '../../formats/json-text.js';
import type { ClassWeight } from '../../training/sample-weights.js';
import type { ResizeMode } from '../data/decode-image.js';
import { readFileBounded } from '../files.js';
import { readPackageJson } from '../package-file.js';
import type { CheckpointSettings } from '../runs/run-record.js';
import { checkJson, type JsonSchema } from './json-schema.js';

/** A run as JSON describes it; whatever is left out has a default. `schemas/run.json` is its schema. */
export interface RunConfig {
  /** The schema, for editors. */
  readonly $schema?: string;
  /** What the run is for. */
  readonly description?: string;
  /** A ready-made network with options, or the model of a file. */
  readonly model?: {
    readonly name?: string;
    readonly file?: string;
    readonly options?: Readonly<Record<string, unknown>>;
  };
  /** A data set by name, where its files are, how many samples, and how training images change. */
  readonly data?: {
    readonly name?: string;
    readonly folder?: string;
    readonly imageSize?: readonly [number, number];
    readonly channels?: 1 | 3;
    readonly resize?: ResizeMode;
    readonly limit?: number;
    readonly augment?: readonly NamedOptions[];
  };
  /** By name, with its options; default `adam`. */
  readonly optimizer?: NamedOptions;
  /** The learning rate over time, instead of the optimizer's `learningRate`. */
  readonly schedule?: NamedOptions;
  /** Default `categoricalCrossentropy`. */
  readonly loss?: NamedOptions;
  /** Figures besides loss and accuracy. */
  readonly metrics?: readonly NamedOptions[];
  /** What the samples of each class count in the loss of training, by class index, as `fit` takes them. */
  readonly classWeights?: ClassWeight;
  /** The weights that are evaluated and kept, default `current`, and views of the test images, default none. */
  readonly evaluate?: {
    readonly weights?: 'current' | 'ema' | 'swa';
    readonly views?: readonly NamedOptions[];
  };
  /** Passes over the data; default 2. */
  readonly epochs?: number;
  /** Samples in a step; default 100, or 32 for small data sets. */
  readonly batchSize?: number;
  /** Determines first weights, order, augmentation and dropout; default 0. */
  readonly seed?: number;
  /** What else happens while it trains; paths in them are in the run's folder. */
  readonly callbacks?: readonly NamedOptions[];
  /** When it is saved besides after every epoch. */
  readonly checkpoint?: CheckpointSettings;
  /** What computes it. */
  readonly engine?: {
    readonly executor?: 'cpu' | 'reference';
    readonly replicas?: number;
    readonly gemm?: 'onnxruntime' | 'wasm';
  };
}

const LARGEST_CONFIG = 2 ** 20;
const SCHEMA = 'schemas/run.json';

/**
 * Reads the description of a run. Paths in it are relative to its folder.
 * @throws {DataError} when the file cannot be read. @throws {FormatError} when it is no JSON.
 * @throws {ValueError} naming the first setting that there is not, or that is wrong, by its path.
 */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const bytes = await readFileBounded(path, LARGEST_CONFIG, 'the description of a run');
  const config = parseRunConfig(new TextDecoder().decode(bytes), path);
  const beside = (one: string) => resolve(dirname(path), one);
  const { model, data } = config;
  return {
    ...config,
    ...(model?.file !== undefined && { model: { ...model, file: beside(model.file) } }),
    ...(data && {
      data: {
        ...data,
        ...(data.folder !== undefined && { folder: beside(data.folder) }),
        ...(data.name !== undefined && { name: nameOrFolder(data.name, beside) }),
      },
    }),
  };
}

/** The name of a data set as it is; a folder of images beside the file by its whole path. */
function nameOrFolder(name: string, beside: (path: string) => string): string {
  const isKnown = datasetCatalog.some((row) => row.name === name);
  return !isKnown && existsSync(beside(name)) ? beside(name) : name;
}

/** Reads the text of a description. @throws as `readRunConfig`. */
export function parseRunConfig(text: string, source: string): RunConfig {
  const json = parseUntrustedJson(text, (problem) => new FormatError(`${source} ${problem}.`));
  checkJson(json, readPackageJson(SCHEMA) as JsonSchema, source);
  return json as RunConfig;
}
