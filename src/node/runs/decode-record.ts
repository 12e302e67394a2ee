import { FormatError } from '../../core/errors.js';
import type { NamedOptions } from '../../core/named-options.js';
import { optimizerNames } from '../../training/optimizers.js';
import { RESIZE_MODES } from '../data/decode-image.js';
import type { DatasetOrigin } from '../data/load-dataset.js';
import { AVERAGED_WEIGHTS } from '../run-evaluation.js';
import { MOST_GENERATIONS } from './generations.js';
import { Field, readEpoch, readPosition } from './record-field.js';
import {
  RUN_STATUSES,
  type RunData,
  type RunRecord,
  type RunSession,
  type RunSettings,
  stepsOfEpoch,
} from './run-record.js';
import { checkSeal, seal, UNSEALED } from './seal.js';

const FORMAT = 'residuum-run';
const VERSION = 2;
/** Of runs before there were checksums, which still go on. */
const UNSEALED_VERSION = 1;
const MOST_ENTRIES = 100_000;
/** As many as a run may have. */
const MOST_EPOCHS = 1_000_000;
const LARGEST_SIDE = 4096;
const MOST_CLASSES = 100_000;
const MOST_REPLICAS = 1024;
const EXECUTORS = ['cpu', 'reference'] as const;
const GEMMS = ['onnxruntime', 'wasm'] as const;
const ORIGINS: readonly DatasetOrigin[] = ['folder', 'cache', 'system', 'package', 'download'];

/** The content of a `run.json`, with the checksum of all of it. */
export function encodeRecord(record: RunRecord): string {
  const json = { format: FORMAT, version: VERSION, sha256: UNSEALED, ...record };
  const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  seal([bytes]);
  return new TextDecoder().decode(bytes);
}

/**
 * Reads the text of a `run.json` that nobody has vouched for. Every field is checked and copied.
 * @param source the file's name, for messages.
 * @returns the record, and whether it has a checksum, as all have but those of the first version.
 * @throws FormatError naming the first field that is not what it must be.
 */
export function decodeRecord(text: string, source: string): { record: RunRecord; sealed: boolean } {
  const root = Field.parse(text, source);
  if (root.get('format').value !== FORMAT) throw root.get('format').wrong(`'${FORMAT}'`);
  const sealed = root.get('version').value !== UNSEALED_VERSION;
  if (sealed && root.get('version').value !== VERSION) {
    throw root.get('version').wrong(`${UNSEALED_VERSION} or ${VERSION}`);
  }
  const record = readRecord(root);
  if (sealed && checkSeal(new TextEncoder().encode(text)) !== true) {
    throw new FormatError(`${source} is damaged: its content does not fit its checksum.`);
  }
  return { record, sealed };
}

function readRecord(root: Field): RunRecord {
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
    command: root.get('command').optional((command) => command.text()),
    recipe: root.get('recipe').optional((recipe) => recipe.text()),
    machine: root.get('machine').optional((machine) => ({
      processor: machine.get('processor').text(),
      cores: machine.get('cores').integer(1),
      platform: machine.get('platform').text(),
    })),
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
    history: root.get('history').list(MOST_EPOCHS).map(readEpoch),
    test: root.get('test').optional((figures) => figures.figures()),
    validation: root.get('validation').optional((figures) => figures.figures()),
    sessions: root
      .get('sessions')
      .optional((sessions) => sessions.list(MOST_ENTRIES).map(readSession)),
    logSha256: root.get('logSha256').optional((digest) => digest.text()),
  };
}

function readSession(field: Field): RunSession {
  return {
    at: field.get('at').text(),
    epoch: field.get('epoch').integer(1),
    samples: field.get('samples').integer(0),
    notes: field
      .get('notes')
      .list(MOST_ENTRIES)
      .map((note) => note.text()),
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
    imageSize: field.get('imageSize').optional((size) => {
      const [height, width] = size.list(2, 2).map((side) => side.integer(1, LARGEST_SIDE));
      return [height, width] as const;
    }),
    channels: field.get('channels').optional((count) => (count.integer(1, 3) === 1 ? 1 : 3)),
    resize: field.get('resize').optional((mode) => mode.oneOf(RESIZE_MODES)),
    optimizerOptions: field.get('optimizerOptions').optional((options) => options.members()),
    schedule: field.get('schedule').optional(readNamed),
    loss: field.get('loss').optional(readNamed),
    metrics: field.get('metrics').optional(readNamedList),
    callbacks: field.get('callbacks').optional(readNamedList),
    augment: field.get('augment').optional(readNamedList),
    classWeights: field.get('classWeights').optional(readNumbers),
    evaluate: field.get('evaluate').optional((evaluate) => ({
      weights: evaluate.get('weights').optional((weights) => weights.oneOf(AVERAGED_WEIGHTS)),
      views: evaluate.get('views').optional(readNamedList),
    })),
    modelOptions: field.get('modelOptions').optional((options) => options.members()),
    modelFile: field.get('modelFile').optional((file) => file.text()),
    limit: field.get('limit').optional((limit) => limit.integer(1)),
    seed: field.get('seed').integer(0),
    executor: field.get('executor').oneOf(EXECUTORS),
    replicas: field.get('replicas').optional((replicas) => replicas.integer(1, MOST_REPLICAS)),
    gemm: field.get('gemm').optional((gemm) => gemm.oneOf(GEMMS)),
    checkpoint: field.get('checkpoint').optional((checkpoint) => ({
      everySteps: checkpoint.get('everySteps').optional((steps) => steps.integer(1)),
      everyMinutes: checkpoint.get('everyMinutes').optional((minutes) => minutes.number(0)),
      keep: checkpoint.get('keep').optional((keep) => keep.integer(2, MOST_GENERATIONS)),
    })),
  };
}

function readNamed(field: Field): NamedOptions {
  return { ...field.members(), name: field.get('name').text() };
}

function readNumbers(field: Field): Record<string, number> {
  const names = Object.keys(field.members());
  const entries = names.map((name) => [name, field.get(name).number(0)] as const);
  return Object.fromEntries(entries);
}

function readNamedList(field: Field): NamedOptions[] {
  return field.list(MOST_ENTRIES).map(readNamed);
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
