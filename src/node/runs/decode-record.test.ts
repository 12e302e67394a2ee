import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../core/errors.js';
import { decodeRecord, encodeRecord } from './decode-record.js';
import type { RunRecord } from './run-record.js';

const RECORD: RunRecord = {
  status: 'interrupted',
  created: '2026-01-01T00:00:00.000Z',
  updated: '2026-01-01T00:01:00.000Z',
  versions: { residuum: '0.1.0', node: 'v20.19.0' },
  settings: {
    model: 'resnet50',
    dataset: 'fashion-mnist-mini',
    epochs: 2,
    batchSize: 100,
    optimizer: 'adam',
    learningRate: 0.001,
    seed: 0,
    executor: 'cpu',
    replicas: 2,
  },
  data: {
    name: 'fashion-mnist-mini',
    title: 'Fashion-MNIST mini',
    origin: 'package',
    where: 'datasets/fashion-mnist-mini',
    imageShape: [28, 28, 1],
    classNames: ['shirt', 'shoe'],
    train: 950,
    validation: 100,
    test: 200,
  },
  parameters: 1000,
  engine: { executor: 'cpu', replicas: 2, gemm: 'wasm' },
  position: { epoch: 1, batch: 10, samples: 950, sums: { loss: 1.5, accuracy: 900 } },
  stepsBefore: 7,
  history: [{ epoch: 1, figures: { loss: 0.5, valLoss: 0.6 } }],
  test: { loss: 0.5, accuracy: 0.75 },
  validation: { loss: 0.25, accuracy: 0.5 },
};

const TEXT = encodeRecord(RECORD);

/** The record's JSON with one place, `a.b.0`, changed. */
function changed(path: string, value: unknown): string {
  const json: unknown = JSON.parse(TEXT);
  const keys = path.split('.');
  let place = json as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) place = place[key] as Record<string, unknown>;
  place[keys[keys.length - 1]] = value;
  return JSON.stringify(json);
}

test('a record comes back as it was', () => {
  assert.deepEqual(
    JSON.parse(encodeRecord(decodeRecord(TEXT, 'run.json').record)),
    JSON.parse(TEXT),
  );
});

test('every field is checked, and the message names it', () => {
  const cases: [path: string, value: unknown][] = [
    ['format', 'other'],
    ['version', 3],
    ['status', 'sleeping'],
    ['settings.epochs', '2'],
    ['settings.epochs', 0],
    ['settings.batchSize', 1.5],
    ['settings.learningRate', -1],
    ['settings.learningRate', null],
    ['settings.seed', 2 ** 60],
    ['settings.executor', 'gpu'],
    ['settings.replicas', 100_000],
    ['settings.model', ['resnet50']],
    ['settings.classWeights', { 3: 'many' }],
    ['settings.evaluate', { weights: 'best' }],
    ['settings.evaluate', { views: 'flip' }],
    ['data.imageShape', [28, 28]],
    ['data.classNames', []],
    ['data.train', 0],
    ['engine', null],
    ['position.epoch', 3],
    ['position.batch', 11],
    ['position.sums', { 'a b': 1 }],
    ['position.sums', { constructor: 1 }],
    ['history', {}],
    ['history', [{ epoch: 1, figures: { loss: 'low' } }]],
    ['test', []],
    ['validation', { loss: '1' }],
  ];
  for (const [path, value] of cases) {
    assert.throws(
      () => decodeRecord(changed(path, value), 'runs/a/run.json'),
      (error: unknown) =>
        error instanceof FormatError &&
        error.message.startsWith(`runs/a/run.json is damaged: '${path}`),
      `${path} = ${JSON.stringify(value)}`,
    );
  }
});

test('a key that would reach a prototype is refused', () => {
  const text = TEXT.replace('"sums": {', '"sums": {"__proto__": 1,');
  assert.throws(() => decodeRecord(text, 'run.json'), /'position.sums' is/);
});

test('what is no JSON object is refused', () => {
  for (const text of ['', 'null', '[]', '3', TEXT.slice(0, 200)]) {
    assert.throws(() => decodeRecord(text, 'run.json'), FormatError, text);
  }
});
