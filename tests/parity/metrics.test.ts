import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  calibration,
  classify,
  confusionMatrix,
  type DatasetMetric,
  decodeKeras,
  decodeModel,
  encodeKeras,
  encodeModel,
  expectedCalibrationError,
  f1Score,
  input,
  type LossName,
  lambda,
  type MetricName,
  Model,
  ops,
  precision,
  recall,
  resolveMetric,
  UnknownNameError,
  ValueError,
} from '../../src/node.js';
import { denseModel } from '../training/small-models.js';

/** Metrics of the real Keras over one data set. */
interface Fixture {
  predictions: number[];
  labels: number[];
  classes: number;
  cases: { name: string; options: Record<string, unknown>; result: number[] }[];
}

const path = new URL('../../../tests/parity/fixtures/metrics-keras.json', import.meta.url);
const fixture = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Fixture;
const { labels, classes } = fixture;
const predictions = Float32Array.from(fixture.predictions);
const samples = labels.length;

const camelCase = (name: string) =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Hands its input on, so that the data are the predictions. */
function identity(): Model {
  const x = input({ shape: [classes] });
  return new Model({ inputs: x, outputs: lambda((v) => ops.affine(v, 1), { name: 'out' })(x) });
}

const x = { data: predictions, shape: [samples, classes] };
const indices = { data: Uint8Array.from(labels), shape: [samples] };
const targets: [loss: LossName, y: typeof indices & { oneHot?: number }][] = [
  ['categoricalCrossentropy', { ...indices, oneHot: classes }],
  ['sparseCategoricalCrossentropy', indices],
];

suite('metrics of whole data sets are those of Keras', () => {
  for (const { name, options, result } of fixture.cases) {
    test(`${name} ${JSON.stringify(options)}`, async () => {
      const config = Object.entries(options).map(([key, value]) => [camelCase(key), value]);
      const kind = (name[0].toLowerCase() + name.slice(1)) as MetricName;
      const metric = resolveMetric(kind, Object.fromEntries(config));
      const again = resolveMetric(kind, metric.getConfig());
      assert.deepEqual(again.getConfig(), metric.getConfig());
      for (const [loss, y] of targets) {
        for (const replicas of [1, 2]) {
          const model = identity();
          model.compile({ loss, metrics: [metric], executor: 'reference', replicas });
          const figures = await model.evaluate(x, y, { batchSize: 8 });
          const ours =
            result.length === 1 ? [figures[kind]] : result.map((_, c) => figures[`${kind}_${c}`]);
          for (const [i, value] of result.entries()) {
            assert.ok(Math.abs(ours[i] - value) <= 1e-6, `${ours} instead of ${result}`);
          }
          await model.dispose();
        }
      }
    });
  }
});

test('the confusion matrix tells accuracy, precision, recall and F1 of each class', async () => {
  const model = identity();
  const each = Array.from({ length: classes }, (_, classId) => classId);
  model.compile({
    loss: 'sparseCategoricalCrossentropy',
    metrics: [
      'accuracy',
      f1Score({ average: null }),
      ...each.flatMap((classId) => [
        precision({ classId, topK: 1, name: `precision${classId}` }),
        recall({ classId, topK: 1, name: `recall${classId}` }),
      ]),
    ],
    executor: 'reference',
  });
  const figures = await model.evaluate(x, indices, { batchSize: 8 });
  const matrix = confusionMatrix(await classify(model, x, indices, { batchSize: 8 }));
  const close = (ours: number, theirs: number) => assert.ok(Math.abs(ours - theirs) < 1e-6);
  close(matrix.accuracy, figures.accuracy);
  for (const c of each) {
    const row = matrix.counts[c].reduce((sum, count) => sum + count, 0);
    assert.equal(row, labels.filter((label) => label === c).length);
    // Where a class was never predicted, Keras counts 0, and a share of nothing is none.
    close(matrix.precision[c] || 0, figures[`precision${c}`]);
    close(matrix.recall[c] || 0, figures[`recall${c}`]);
    close(matrix.f1[c] || 0, figures[`f1Score_${c}`]);
  }
  assert.ok(matrix.accuracy > 0 && matrix.accuracy < 1 && matrix.confusions.length > 1);
  await model.dispose();
});

test('the calibration error is that of the reports', async () => {
  const model = identity();
  const metrics = ['accuracy', 'expectedCalibrationError'] as const;
  model.compile({ loss: 'sparseCategoricalCrossentropy', metrics, executor: 'reference' });
  const figures = await model.evaluate(x, indices, { batchSize: 8 });
  const { ece } = calibration(await classify(model, x, indices, { batchSize: 8 }));
  assert.ok(ece > 0.01);
  assert.ok(Math.abs(figures.expectedCalibrationError - ece) < 1e-9);
  assert.throws(() => expectedCalibrationError({ bins: 0 }), ValueError);
  await model.dispose();
});

test('figures come with validation, on every executor, and the metrics stay in files', async () => {
  const model = denseModel();
  const metrics: (MetricName | DatasetMetric)[] = [
    'accuracy',
    'f1Score',
    precision({ classId: 1, name: 'precisionOfOne' }),
  ];
  model.compile({ loss: 'categoricalCrossentropy', metrics, replicas: 2 });
  const y = { data: indices.data.map((label) => label % 3), shape: [samples], oneHot: 3 };
  const data = [x, y] as const;
  const { history } = await model.fit(...data, {
    epochs: 3,
    batchSize: 8,
    validationData: data,
    verbose: false,
  });
  assert.deepEqual(
    Object.keys(history).sort(),
    [
      'accuracy',
      'loss',
      'seconds',
      'valAccuracy',
      'valF1Score',
      'valLoss',
      'valPrecisionOfOne',
    ].sort(),
  );
  const bytes = async (chunks: Uint8Array[]) =>
    new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  const loaded = await decodeModel(await bytes(await encodeModel(model)), {
    executor: 'reference',
  });
  const expected = await loaded.evaluate(...data);
  for (const [name, value] of Object.entries(await model.evaluate(...data))) {
    assert.ok(Math.abs(value - expected[name]) < 1e-5, name);
  }
  const keras = await decodeKeras(await bytes(await encodeKeras(model)), { executor: 'reference' });
  assert.deepEqual(keras.compileConfig(), model.compileConfig());
  await model.dispose();
});

test('what is no metric', () => {
  assert.throws(() => resolveMetric({ name: 'f2Score' }), UnknownNameError);
  assert.throws(() => resolveMetric('accuracy', { k: 1 }), ValueError);
  assert.throws(() => resolveMetric({ name: 'precision', thresholds: 2 }), ValueError);
  assert.throws(() => resolveMetric({ name: 'f1Score', average: 'all' }), ValueError);
});
