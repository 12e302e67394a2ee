import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Callback,
  createReferenceExecutor,
  type Dataset,
  DivergenceError,
  type Model,
  sgd,
} from '../../src/node.js';
import { assertClose } from '../conformance/compare-results.js';
import { CLASSES, denseModel, samples, weightsOf } from './small-models.js';

const data = samples(10, [4]);
const loss = 'categoricalCrossentropy';

function compiled(learningRate = 0.1): Model {
  const model = denseModel();
  const optimizer = sgd({ learningRate });
  model.compile({ loss, optimizer, metrics: ['accuracy'], on: createReferenceExecutor() });
  return model;
}

/** A data set that notes which samples are asked for; sample i is [i, i, i, i] of class i mod 3. */
class NotingDataset implements Dataset {
  readonly inputShapes = [[4]];
  readonly targetShapes = [[CLASSES]];
  readonly asked: number[][] = [];

  constructor(readonly size: number) {}

  gather(indices: Uint32Array, [x]: readonly Float32Array[], [y]: readonly Float32Array[]): void {
    this.asked.push([...indices]);
    y.fill(0);
    indices.forEach((sample, row) => {
      x.fill(sample / this.size, 4 * row, 4 * row + 4);
      y[row * CLASSES + (sample % CLASSES)] = 1;
    });
  }
}

test('hooks come in the order of Keras, with running means', async () => {
  const model = compiled();
  const heard: string[] = [];
  const sampleCounts: number[] = [];
  const note = (hook: string) => (number: unknown) => {
    heard.push(typeof number === 'number' ? `${hook} ${number}` : hook);
  };
  const callback: Callback = {
    setModel: (control, plan) => {
      heard.push('setModel');
      assert.equal(control.optimizer, model.optimizer);
      const place = { epoch: 0, batch: 0, samples: 0, sums: {} };
      const { position, ...rest } = plan;
      assert.deepEqual(position(), place);
      const expected = { epochs: 2, initialEpoch: 0, samples: 7, steps: 2, batchSize: 4 };
      assert.deepEqual(rest, expected);
    },
    onTrainBegin: note('trainBegin'),
    onTrainEnd: note('trainEnd'),
    onEpochBegin: note('epochBegin'),
    onEpochEnd: note('epochEnd'),
    onTrainBatchBegin: note('batchBegin'),
    onTrainBatchEnd: (batch, logs) => {
      heard.push(`batchEnd ${batch}`);
      sampleCounts.push(logs.samples);
      assert.ok(logs.loss > 0 && logs.accuracy >= 0 && logs.imagesPerSecond > 0);
    },
    onTestBegin: note('testBegin'),
    onTestEnd: note('testEnd'),
    onTestBatchBegin: note('testBatchBegin'),
    onTestBatchEnd: note('testBatchEnd'),
  };
  const history = await model.fit(...data, {
    epochs: 2,
    batchSize: 4,
    validationSplit: 0.3,
    verbose: false,
    callbacks: [callback],
  });
  const epoch = (number: number) => [
    `epochBegin ${number}`,
    'batchBegin 0',
    'batchEnd 0',
    'batchBegin 1',
    'batchEnd 1',
    'testBegin',
    'testBatchBegin 0',
    'testBatchEnd 0',
    'testEnd',
    `epochEnd ${number}`,
  ];
  assert.deepEqual(heard, ['setModel', 'trainBegin', ...epoch(0), ...epoch(1), 'trainEnd']);
  assert.deepEqual(sampleCounts, [4, 7, 4, 7]);
  assert.deepEqual(history.epoch, [0, 1]);
  assert.deepEqual(Object.keys(history.history).sort(), [
    'accuracy',
    'loss',
    'seconds',
    'valAccuracy',
    'valLoss',
  ]);
  await model.dispose();
});

test('hooks of prediction', async () => {
  const model = compiled();
  const heard: string[] = [];
  const callback: Callback = {
    onPredictBegin: () => void heard.push('begin'),
    onPredictBatchBegin: (batch) => void heard.push(`batch ${batch}`),
    onPredictBatchEnd: (batch) => void heard.push(`done ${batch}`),
    onPredictEnd: () => void heard.push('end'),
  };
  const { shape } = await model.predict(data[0], { batchSize: 6, callbacks: [callback] });
  assert.deepEqual(shape, [10, CLASSES]);
  assert.deepEqual(heard, ['begin', 'batch 0', 'done 0', 'batch 1', 'done 1', 'end']);
  await model.dispose();
});

test('validation takes the last samples, and only the others are shuffled', async () => {
  const dataset = new NotingDataset(20);
  const model = compiled();
  await model.fit(dataset, { batchSize: 7, validationSplit: 0.25, seed: 3, verbose: false });
  const [first, second, third, validation] = dataset.asked;
  assert.deepEqual(validation, [15, 16, 17, 18, 19].slice(0, validation.length));
  const trained = [...first, ...second, ...third];
  assert.notDeepEqual(
    trained,
    trained.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    trained.toSorted((a, b) => a - b),
    Array.from({ length: 15 }, (_, i) => i),
  );
  await model.dispose();
});

test('the order of samples follows from seed and epoch', async () => {
  const orders = async (seed: number, shuffle = true) => {
    const dataset = new NotingDataset(12);
    const model = compiled();
    await model.fit(dataset, { batchSize: 12, epochs: 2, seed, shuffle, verbose: false });
    await model.dispose();
    return dataset.asked;
  };
  const [a, b, c] = [await orders(1), await orders(1), await orders(2)];
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
  assert.notDeepEqual(a[0], a[1]);
  const inOrder = Array.from({ length: 12 }, (_, i) => i);
  assert.deepEqual(await orders(1, false), [inOrder, inOrder]);
});

test('weights set in a callback take effect at the next step', async () => {
  const run = async (callbacks: Callback[], model: Model) => {
    const options = { batchSize: 5, shuffle: false, verbose: false, callbacks };
    await model.fit(...data, options);
    return weightsOf(model);
  };
  const model = compiled();
  const zero = async (target: Model) => {
    const head = target.getLayer('head');
    await head.setWeights((await head.getWeights()).map(({ data: d }) => d.map(() => 0)));
  };
  const set: Callback = { onTrainBatchBegin: (batch) => (batch === 1 ? zero(model) : undefined) };
  const actual = await run([set], model);

  const byHand = compiled();
  const half = (part: number) =>
    data.map((array) => {
      const width = array.data.length / 10;
      const from = 5 * part * width;
      return {
        ...array,
        data: array.data.slice(from, from + 5 * width),
        shape: [5, ...array.shape.slice(1)],
      };
    });
  const [x0, y0] = half(0);
  const [x1, y1] = half(1);
  await byHand.trainOnBatch(x0, y0);
  await zero(byHand);
  await byHand.trainOnBatch(x1, y1);
  assert.deepEqual(actual, await weightsOf(byHand));
  await model.dispose();
  await byHand.dispose();
});

test('the next batch is gathered while a step runs', async () => {
  const events: string[] = [];
  const dataset = new NotingDataset(9);
  const gather = dataset.gather.bind(dataset);
  dataset.gather = (...options) => {
    events.push('gather');
    gather(...options);
  };
  const executor = createReferenceExecutor();
  const run = executor.run.bind(executor);
  executor.run = async (...options) => {
    // An executor reaches its workers some turns later.
    for (let turn = 0; turn < 4; turn++) await undefined;
    events.push('begin');
    const results = await run(...options);
    await new Promise((resolve) => setTimeout(resolve, 5));
    events.push('end');
    return results;
  };
  const model = denseModel();
  model.compile({ loss, on: executor });
  await model.fit(dataset, { batchSize: 3, verbose: false });
  const step = ['begin', 'gather', 'end'];
  assert.deepEqual(events, ['gather', ...step, ...step, 'begin', 'end']);
  await model.dispose();
});

test('a callback may change the learning rate and stop training', async () => {
  const model = compiled();
  let before: Map<string, Float32Array> | undefined;
  const callback: Callback = {
    onTrainBatchEnd: async (batch) => {
      if (batch === 0) {
        before = await weightsOf(model);
        model.optimizer.learningRate = 0;
      }
      if (batch === 2) model.stopTraining = true;
    },
  };
  const options = { batchSize: 2, epochs: 3, verbose: false, callbacks: [callback] };
  const history = await model.fit(...data, options);
  assert.deepEqual(await weightsOf(model), before);
  assert.deepEqual(history.epoch, []);
  assert.equal(history.stoppedAt?.batch, 3);
  assert.equal(history.stoppedAt?.samples, 6);
  await model.dispose();
});

test('one step, one evaluation and one prediction on a batch', async () => {
  const model = compiled();
  const tested = await model.testOnBatch(...data);
  const trained = await model.trainOnBatch(...data);
  assert.deepEqual(Object.keys(trained), ['loss', 'accuracy']);
  assert.deepEqual(trained, tested, 'the loss of a step is that before it');
  assert.ok((await model.testOnBatch(...data)).loss < tested.loss);
  const { data: probabilities, shape } = await model.predictOnBatch(data[0]);
  assert.deepEqual(shape, [10, CLASSES]);
  assert.deepEqual(probabilities, (await model.predict(data[0], { batchSize: 3 })).data);
  await model.dispose();
});

test('evaluate weighs an uneven last batch by its samples', async () => {
  const model = compiled();
  const whole = await model.evaluate(...data, { batchSize: 10 });
  const parts = await model.evaluate(...data, { batchSize: 4 });
  for (const name of ['loss', 'accuracy']) {
    const options = { compare: 'relative', tolerance: 1e-6, label: name } as const;
    assertClose([parts[name]], [whole[name]], options);
  }
  await model.dispose();
});

test('a loss that is no number ends the run and names the step', async () => {
  const model = denseModel();
  model.compile({ loss: 'mse', optimizer: sgd({ learningRate: 1e30 }), replicas: 2 });
  await model.getLayer('head').setWeights([new Float32Array(18).fill(3e38), new Float32Array(3)]);
  const [x, y] = data;
  await assert.rejects(model.fit(x, y, { batchSize: 5, verbose: false }), (error) => {
    assert.ok(error instanceof DivergenceError);
    assert.match(error.message, /^the loss became NaN at step 1 of epoch 1;/);
    return true;
  });
  await model.dispose();
});

test('a data set with targets can be predicted, in batches of several sizes', async () => {
  const model = compiled();
  const dataset = new NotingDataset(7);
  const { data: found, shape } = await model.predict(dataset, { batchSize: 3 });
  assert.deepEqual(shape, [7, CLASSES]);
  const x = Float32Array.from({ length: 28 }, (_, i) => Math.floor(i / 4) / 7);
  const { data: expected } = await model.predict({ data: x, shape: [7, 4] }, { batchSize: 7 });
  assertClose(found, expected, { compare: 'relative', tolerance: 1e-6, label: 'predictions' });
});
