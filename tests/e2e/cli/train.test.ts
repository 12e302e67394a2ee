import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { jsonLines, residuum, temporaryFolder } from './command.js';

const SMALL = ['--model', 'small-resnet', '--limit', '200', '--batch-size', '50'];

test('train, evaluate, predict and summary of a run, as text in a pipe', async (t) => {
  const folder = temporaryFolder(t);
  const trained = await residuum(['train', ...SMALL], folder);
  assert.equal(trained.code, 0, trained.stderr);
  assert.equal(trained.stderr, '');
  const run = 'runs/small-resnet-fashion-mnist-mini-1';
  for (const expected of [
    /^Data +Fashion-MNIST mini, 28×28×1, 10 classes: 200 training, 200 validation, 200 test images$/m,
    /^Model +small-resnet, .*: 78,762 parameters$/m,
    /^Engine +cpu, \d+ replicas?, matrix products by (onnxruntime|wasm)/m,
    /^Epoch 1\/2\n200\/200 - \d+s - loss: \d\.\d{4} - accuracy: \d\.\d{4} - val loss: [\d.]+ - val accuracy: [\d.]+ - [\d.]+ img\/s\nEpoch 2\/2\n/m,
    /^Validation +loss [\d.]+, accuracy [\d.]+ % on 200 images$/m,
    /^Test +loss [\d.]+, accuracy [\d.]+ % on 200 images$/m,
    /^Saved +runs\/small-resnet-fashion-mnist-mini-1 after 2 epochs/m,
    /residuum predict runs\/small-resnet-fashion-mnist-mini-1/,
  ]) {
    assert.match(trained.stdout, expected);
  }

  const evaluated = await residuum(['evaluate', run], folder);
  assert.equal(evaluated.code, 0, evaluated.stderr);
  const figures = (text: string) => /Test:? +(loss [\d.]+, accuracy [\d.]+ %)/.exec(text)?.[1];
  assert.equal(figures(evaluated.stdout), figures(trained.stdout));

  const image = join(folder, 'bag.jpg');
  const black = { width: 90, height: 60, channels: 3, background: 'black' } as const;
  await sharp({ create: { ...black, width: 300, height: 200, background: 'white' } })
    .composite([{ input: await sharp({ create: black }).png().toBuffer() }])
    .jpeg()
    .toFile(image);
  const seen = await residuum(['predict', run, 'bag.jpg', '--top', '2'], folder);
  assert.equal(seen.code, 0, seen.stderr);
  assert.match(
    seen.stdout,
    /^bag\.jpg {2}\(inverted[^\n]*\n {2}\S.* [\d.]+ %.*\n {2}\S.* [\d.]+ %/,
  );
  const json = await residuum(
    ['predict', run, 'bag.jpg', 'bag.jpg', '--top', '10', '--json'],
    folder,
  );
  const lines = jsonLines(json.stdout);
  assert.equal(lines.length, 2);
  const predictions = lines[0].predictions as { class: string; probability: number }[];
  assert.equal(predictions.length, 10);
  assert.ok(Math.abs(predictions.reduce((sum, one) => sum + one.probability, 0) - 1) < 1e-5);
  assert.ok(
    predictions.every((one, i) => i === 0 || one.probability <= predictions[i - 1].probability),
  );

  const summary = await residuum(['summary', run], folder);
  assert.equal(summary.code, 0, summary.stderr);
  assert.match(summary.stdout, /Total params: 78,762/);

  const second = await residuum(['train', ...SMALL, '--epochs', '1'], folder);
  assert.match(second.stdout, /^Run +runs\/small-resnet-fashion-mnist-mini-2$/m);
});

const OPTIMIZER = ['--optimizer', 'sgd', '--weight-decay', '0.25'];

test('--json prints one object a line, and the log keeps the same', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout, stderr } = await residuum(
    ['train', ...SMALL, '--json', '--out', 'run', '--seed', '3', ...OPTIMIZER],
    folder,
  );
  assert.equal(code, 0, stderr);
  const events = jsonLines(stdout);
  assert.deepEqual(
    events.map(({ event }) => event),
    [
      'start',
      ...['batch', 'batch', 'batch', 'batch', 'epoch'],
      ...['batch', 'batch', 'batch', 'batch', 'epoch'],
      'end',
    ],
  );
  const keys = (event: object) => Object.keys(event).sort();
  const [start, batch] = events;
  assert.equal(start.parameters, 78_762);
  assert.equal(start.model, 'small-resnet');
  assert.equal(start.run, 'run');
  const { optimizer, weightDecay } = start.settings as Record<string, unknown>;
  assert.deepEqual([optimizer, weightDecay], ['sgd', 0.25]);
  assert.deepEqual(keys(batch), [
    'accuracy',
    'epoch',
    'event',
    'imagesPerSecond',
    'loss',
    'samples',
  ]);
  assert.deepEqual([batch.epoch, batch.samples], [1, 50]);
  assert.deepEqual(keys(events[5]), [
    'accuracy',
    'epoch',
    'event',
    'loss',
    'seconds',
    'valAccuracy',
    'valLoss',
  ]);
  assert.deepEqual(keys(events[11]), [
    'event',
    'report',
    'run',
    'status',
    'testAccuracy',
    'testLoss',
  ]);
  assert.equal(readFileSync(join(folder, 'run/log.jsonl'), 'utf8'), stdout);

  const record = JSON.parse(readFileSync(join(folder, 'run/run.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  assert.equal(record.status, 'done');
  assert.deepEqual(record.position, { epoch: 2, batch: 0, samples: 0, sums: {} });
  assert.equal((record.settings as { learningRate: number }).learningRate, 0.01);
});

test('the reference executor trains too', async (t) => {
  const folder = temporaryFolder(t);
  const options = ['--model', 'small-resnet', '--limit', '6', '--batch-size', '4', '--epochs', '1'];
  const { code, stdout, stderr } = await residuum(
    ['train', ...options, '--executor', 'reference', '--json', '--out', 'run'],
    folder,
  );
  assert.equal(code, 0, stderr);
  const [start, first] = jsonLines(stdout);
  assert.equal(start.executor, 'reference');
  const cpu = await residuum(['train', ...options, '--json', '--out', 'cpu'], folder);
  const difference = Number(jsonLines(cpu.stdout)[1].loss) - Number(first.loss);
  assert.ok(Math.abs(difference) < 1e-4, `first losses differ by ${difference}`);
});

test('summary of a network, as rows of JSON', async (t) => {
  const { code, stdout } = await residuum(['summary', '--json'], temporaryFolder(t));
  assert.equal(code, 0);
  const rows = jsonLines(stdout);
  assert.deepEqual(rows.at(-1), { total: 23_601_930, trainable: 23_548_810, nonTrainable: 53_120 });
  assert.deepEqual(Object.keys(rows[0]), [
    'name',
    'className',
    'outputShape',
    'params',
    'connectedTo',
  ]);
});

test('doctor measures matrix products and finds the data set', async (t) => {
  const { code, stdout, stderr } = await residuum(['doctor', '--json'], temporaryFolder(t));
  assert.equal(code, 0, stderr);
  const [report] = jsonLines(stdout);
  const gemm = report.gemm as { name: string; gflops?: number; problem?: string }[];
  assert.deepEqual(
    gemm.map(({ name }) => name),
    ['onnxruntime', 'wasm'],
  );
  assert.ok((gemm[1].gflops ?? 0) > 0);
  assert.equal(report.graphs, gemm[0].gflops === undefined ? null : 'onnxruntime');
  const datasets = report.datasets as { name: string; found: boolean }[];
  assert.ok(datasets.some(({ name, found }) => name === 'fashion-mnist-mini' && found));
});

test('every command explains itself with an example', async (t) => {
  const folder = temporaryFolder(t);
  for (const command of ['train', 'recipes', 'evaluate', 'predict', 'summary', 'plan', 'doctor']) {
    const { code, stdout } = await residuum([command, '--help'], folder);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Examples?:\\n  residuum ${command}`, 'm'));
  }
  const { code, stdout } = await residuum([], folder);
  assert.equal(code, 0);
  assert.match(stdout, /Usage: residuum/);
});
