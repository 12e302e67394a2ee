import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  adam,
  clearNames,
  createCpuExecutor,
  createReferenceExecutor,
  dense,
  type Executor,
  type GradientFlowRecord,
  gradientFlow,
  input,
  lamb,
  lion,
  Model,
  type Optimizer,
  rmsprop,
  sgd,
  summarizeValues,
} from '../../src/node.js';
import { denseModel, samples, weightsOf } from './small-models.js';

/** Weights of 1 to 27,600 elements: some lie in several shards and pieces, some share a piece. */
function wideModel(): Model {
  clearNames();
  const inputs = input({ shape: [40], name: 'features' });
  const hidden = dense({ units: 690, activation: 'relu', name: 'hidden' })(inputs);
  const narrow = dense({ units: 1, name: 'narrow' })(hidden);
  const outputs = dense({ units: 3, activation: 'softmax', name: 'head' })(narrow);
  return new Model({ inputs, outputs, name: 'wide' });
}

interface Look {
  before: Map<string, Float32Array>;
  gradients: Map<string, Float32Array>;
  after: Map<string, Float32Array>;
}

/** Trains for four steps, watched or not, and keeps what the watching should find. */
async function train(model: Model, optimizer: Optimizer, on: Executor, watch = true) {
  const [x, y] = samples(16, model.inputShapes[0]);
  model.compile({ loss: 'categoricalCrossentropy', optimizer, on });
  const flow = gradientFlow({ every: 1 });
  const looks: Look[] = [];
  let before = new Map<string, Float32Array>();
  const look = {
    onTrainBatchBegin: async () => {
      before = await weightsOf(model);
    },
    onTrainBatchEnd: async () => {
      const gradients = await model.gradients();
      looks.push({ before, gradients, after: await weightsOf(model) });
    },
  };
  const callbacks = watch ? [flow, look] : [];
  await model.fit(x, y, { batchSize: 8, epochs: 2, callbacks, verbose: false });
  const weights = await weightsOf(model);
  await model.dispose();
  return { records: flow.records, looks, weights };
}

const norm = (values: Float32Array) => summarizeValues(values).norm;

function close(actual: number, expected: number, what: string, scale = Math.abs(expected)): void {
  assert.ok(Math.abs(actual - expected) <= 1e-5 * scale, `${what}: ${actual} ≠ ${expected}`);
}

/** The share of numbers that a quantile should exceed, and how far off it is at least. */
function rankError(magnitudes: Float32Array, value: number, q: number): number {
  const below = magnitudes.findIndex((magnitude) => magnitude >= value);
  const above = magnitudes.findLastIndex((magnitude) => magnitude <= value);
  assert.ok(below >= 0 && above >= 0, 'a quantile is one of the values');
  const last = Math.max(magnitudes.length - 1, 1);
  return Math.max(0, below / last - q, q - above / last);
}

function checkRecord({ weights }: GradientFlowRecord, { before, gradients, after }: Look): void {
  assert.deepEqual(Object.keys(weights), [...gradients.keys()]);
  for (const [name, { weight, gradient, update }] of Object.entries(weights)) {
    const [old, now, g] = [before, after, gradients].map((values) => values.get(name));
    assert.ok(old && now && g && update !== undefined);
    close(weight, norm(old), `${name}, weight`);
    close(update, norm(now.map((value, i) => value - old[i])), `${name}, update`);
    const expected = summarizeValues(g);
    close(gradient.norm, expected.norm, `${name}, norm`);
    close(gradient.rms, expected.rms, `${name}, root mean square`);
    close(gradient.mean, expected.mean, `${name}, mean`, expected.rms);
    assert.deepEqual([gradient.count, gradient.zeros], [expected.count, expected.zeros]);
    if (g.length <= 512) {
      assert.deepEqual(gradient.quantiles, expected.quantiles);
      continue;
    }
    const magnitudes = g.map(Math.abs).sort();
    [0.05, 0.25, 0.5, 0.75, 0.95].forEach((q, i) => {
      const error = rankError(magnitudes, gradient.quantiles[i], q);
      assert.ok(error < 0.06, `${name}: quantile ${q} is off by ${error}`);
    });
  }
}

const OPTIMIZERS: Record<string, () => Optimizer> = {
  sgd: () => sgd({ learningRate: 0.1 }),
  'adam, decay and groups of rates': () =>
    adam({ weightDecay: 0.01, learningRateMultipliers: { head: 2 } }),
  'rmsprop, centered': () => rmsprop({ centered: true, momentum: 0.5 }),
  lion: () => lion(),
  'sgd, clipped': () => sgd({ learningRate: 0.1, momentum: 0.9, globalClipNorm: 0.01 }),
  // No update of one call, or none in some steps.
  lamb: () => lamb(),
  'gradients of two steps': () => adam({ gradientAccumulationSteps: 2 }),
  'averages that overwrite': () => sgd({ useEma: true, emaOverwriteFrequency: 2 }),
};

suite('what a step does to weights, seen from inside', () => {
  for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
    test(`${name}: the figures are those of the arrays, and training goes on as without`, async () => {
      const on = () => createCpuExecutor({ replicas: 2, gemm: 'wasm' });
      const { records, looks, weights } = await train(wideModel(), optimizer(), await on());
      assert.equal(records.length, 4);
      records.forEach((record, step) => {
        checkRecord(record, looks[step]);
      });
      const plain = await train(wideModel(), optimizer(), await on(), false);
      assert.deepEqual(weights, plain.weights);
    });
  }

  for (const [name, replicas, profile] of [
    ['adam, decay and groups of rates', 1, false],
    ['adam, decay and groups of rates', 3, false],
    ['sgd', 2, true],
    ['gradients of two steps', 1, false],
    ['lamb', 3, false],
  ] as const) {
    test(`${name}: with ${replicas} replicas${profile ? ', calls timed' : ''}`, async () => {
      const on = await createCpuExecutor({ replicas, gemm: 'wasm', profile });
      const { records, looks } = await train(wideModel(), OPTIMIZERS[name](), on);
      records.forEach((record, step) => {
        checkRecord(record, looks[step]);
      });
    });
  }

  test('the reference executor tells the same', async () => {
    for (const replicas of [1, 3]) {
      const on = createReferenceExecutor({ replicas });
      const { records, looks } = await train(denseModel(), adam(), on);
      assert.equal(records.length, 4);
      records.forEach((record, step) => {
        checkRecord(record, looks[step]);
      });
    }
  });

  test('frozen weights are not among them; later looks go by what trains then', async () => {
    const [x, y] = samples(8, [4]);
    const model = denseModel();
    model.compile({ loss: 'categoricalCrossentropy', optimizer: sgd(), replicas: 2 });
    const flow = gradientFlow({ every: 1 });
    model.getLayer('hidden').trainable = false;
    await model.fit(x, y, { batchSize: 8, callbacks: [flow], verbose: false });
    model.getLayer('hidden').trainable = true;
    await model.fit(x, y, { batchSize: 8, callbacks: [flow], verbose: false });
    assert.deepEqual(
      flow.records.map(({ weights }) => Object.keys(weights)),
      [
        ['head/kernel', 'head/bias'],
        ['hidden/kernel', 'hidden/bias', 'head/kernel', 'head/bias'],
      ],
    );
    await model.dispose();
  });
});
