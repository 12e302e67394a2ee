import { FormatError } from '../../core/errors.js';
import { optimizerNames } from '../../training/optimizers.js';
import type { DatasetOrigin } from '../data/load-dataset.js';
import {
  type EpochRecord,
  type Figures,
  RUN_STATUSES,
  type RunData,
  type RunPosition,
  type RunRecord,
  type RunSettings,
  stepsOfEpoch,
} from './run-record.js';

const FORMAT = 'residuum-run';
const VERSION = 1;
const LONGEST_TEXT = 4096;
const MOST_ENTRIES = 100_000;
const MOST_CLASSES = 100_000;
const MOST_REPLICAS = 1024;
const FIGURE_NAME = /^[A-Za-z][A-Za-z0-9_./-]{0,199}$/;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const EXECUTORS = ['cpu', 'reference'] as const;
const GEMMS = ['onnxruntime', 'wasm'] as const;
const ORIGINS: readonly DatasetOrigin[] = ['folder', 'cache', 'system', 'package', 'download'];

/** The text of a `run.json`. */
export function encodeRecord(record: RunRecord): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...record }, null, 2)}\n`;
}

/**
 * Reads the text of a `run.json` that nobody has vouched for. Every field is checked and copied.
 * @param source the file's name, for messages.
 * @throws FormatError naming the first field that is not what it must be.
 */
export function decodeRecord(text: string, source: string): RunRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${source} is damaged: it is not JSON.`);
  }
  const root = new Field(json, '', source);
  if (root.get('format').value !== FORMAT) throw root.get('format').wrong(`'${FORMAT}'`);
  if (root.get('version').value !== VERSION) throw root.get('version').wrong(String(VERSION));
  const settings = readSettings(root.get('settings'));
  const data = readData(root.get('data'));
  const engine = root.get('engine');
  const versions = root.get('versions');
  return {
    status: root.get('status').oneOf(RUN_STATUSES),
    failure: root.get('failure').optional((failure) => ({
      code: failure.get('code').text(),
      message: failure.get('message').text(),
    })),
    created: root.get('created').text(),
    updated: root.get('updated').text(),
    versions: { residuum: versions.get('residuum').text(), node: versions.get('node').text() },
    settings,
    data,
    parameters: root.get('parameters').integer(0),
    engine: {
      executor: engine.get('executor').text(),
      replicas: engine.get('replicas').integer(1, MOST_REPLICAS),
      gemm: engine.get('gemm').text(),
      graphs: engine.get('graphs').optional((graphs) => graphs.text()),
    },
    position: readPosition(root.get('position'), settings.epochs, stepsOfEpoch({ settings, data })),
    stepsBefore: root.get('stepsBefore').optional((steps) => steps.integer(0)),
    history: root.get('history').list(MOST_ENTRIES).map(readEpoch),
    test: root.get('test').optional(readFigures),
  };
}

function readSettings(field: Field): RunSettings {
  return {
    model: field.get('model').text(),
    dataset: field.get('dataset').text(),
    dataDir: field.get('dataDir').optional((dir) => dir.text()),
    epochs: field.get('epochs').integer(1),
    batchSize: field.get('batchSize').integer(1),
    optimizer: field.get('optimizer').oneOf(optimizerNames),
    learningRate: field.get('learningRate').number(0),
    weightDecay: field.get('weightDecay').optional((decay) => decay.number(0)),
    limit: field.get('limit').optional((limit) => limit.integer(1)),
    seed: field.get('seed').integer(0),
    executor: field.get('executor').oneOf(EXECUTORS),
    replicas: field.get('replicas').optional((replicas) => replicas.integer(1, MOST_REPLICAS)),
    gemm: field.get('gemm').optional((gemm) => gemm.oneOf(GEMMS)),
  };
}

function readData(field: Field): RunData {
  return {
    name: field.get('name').text(),
    title: field.get('title').text(),
    origin: field.get('origin').oneOf(ORIGINS),
    where: field.get('where').text(),
    imageShape: field
      .get('imageShape')
      .list(3, 3)
      .map((size) => size.integer(1)),
    classNames: field
      .get('classNames')
      .list(MOST_CLASSES, 1)
      .map((name) => name.text()),
    train: field.get('train').integer(1),
    validation: field.get('validation').integer(1),
    test: field.get('test').integer(1),
  };
}

function readPosition(field: Field, epochs: number, steps: number): RunPosition {
  return {
    epoch: field.get('epoch').integer(0, epochs),
    batch: field.get('batch').integer(0, steps),
    samples: field.get('samples').integer(0),
    sums: readFigures(field.get('sums')),
  };
}

function readEpoch(field: Field): EpochRecord {
  return { epoch: field.get('epoch').integer(1), figures: readFigures(field.get('figures')) };
}

function readFigures(field: Field): Figures {
  return field.figures();
}

/** A value of the file with its path, for messages. */
class Field {
  constructor(
    readonly value: unknown,
    readonly path: string,
    readonly source: string,
  ) {}

  get(name: string): Field {
    const { value, path } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong('an object');
    }
    const member = Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
    return new Field(member, path === '' ? name : `${path}.${name}`, this.source);
  }

  optional<T>(read: (field: Field) => T): T | undefined {
    return this.value === undefined ? undefined : read(this);
  }

  text(): string {
    if (typeof this.value === 'string' && this.value.length <= LONGEST_TEXT) return this.value;
    throw this.wrong('a text');
  }

  number(least: number): number {
    if (typeof this.value === 'number' && Number.isFinite(this.value) && this.value >= least) {
      return this.value;
    }
    throw this.wrong(`a number ≥ ${least}`);
  }

  integer(least: number, most = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) {
      return Number(value);
    }
    const range = most === Number.MAX_SAFE_INTEGER ? `≥ ${least}` : `from ${least} to ${most}`;
    throw this.wrong(`an integer ${range}`);
  }

  oneOf<T extends string>(known: readonly T[]): T {
    const found = known.find((one) => one === this.value);
    if (found !== undefined) return found;
    throw this.wrong(`one of ${known.join(', ')}`);
  }

  list(most: number, least = 0): Field[] {
    const { value, path } = this;
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      throw this.wrong(`a list of ${least} to ${most} entries`);
    }
    return value.map((entry: unknown, i) => new Field(entry, `${path}[${i}]`, this.source));
  }

  figures(): Figures {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong('an object');
    }
    const names = Object.keys(value);
    if (names.some((name) => FORBIDDEN.has(name) || !FIGURE_NAME.test(name))) {
      throw this.wrong('figures by plain names');
    }
    return Object.fromEntries(
      names.map((name) => [name, this.get(name).number(Number.NEGATIVE_INFINITY)]),
    );
  }

  wrong(expected: string): FormatError {
    const shown = this.value === undefined ? 'missing' : (JSON.stringify(this.value) ?? 'strange');
    const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
    const subject = this.path === '' ? 'its content' : `'${this.path}'`;
    return new FormatError(
      `${this.source} is damaged: ${subject} is ${short}, expected ${expected}.`,
    );
  }
}
