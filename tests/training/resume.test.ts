import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adam,
  adamW,
  type Callback,
  decodeModel,
  type ExecutorOptions,
  encodeModel,
  type FitOptions,
  lamb,
  lion,
  type Model,
  type Optimizer,
  rmsprop,
  sgd,
} from '../../src/node.js';
import { IMAGE, residualModel, samples, weightsOf } from './small-models.js';

const data = samples(22, IMAGE);
const loss = 'categoricalCrossentropy';
const options: FitOptions = { batchSize: 8, seed: 5, verbose: false };

const optimizers: Record<string, () => Optimizer> = {
  Adam: () => adam({ learningRate: 0.01 }),
  'SGD with momentum': () => sgd({ learningRate: 0.05, momentum: 0.9 }),
  'SGD with Nesterov momentum': () => sgd({ momentum: 0.9, nesterov: true }),
  'plain SGD': () => sgd(),
  'AdamW in groups': () =>
    adamW({
      weightDecay: 0.1,
      excludeFromWeightDecay: ['bias', 'gamma', 'beta'],
      learningRateMultipliers: { 'conv*': 0.5 },
    }),
  'centered RMSprop': () => rmsprop({ momentum: 0.5, centered: true }),
  Lion: () => lion({ weightDecay: 0.1 }),
  'LAMB, clipped': () => lamb({ weightDecay: 0.1, clipNorm: 0.1 }),
  'accumulation with averages': () =>
    adam({ gradientAccumulationSteps: 4, globalClipNorm: 0.1, useEma: true, emaMomentum: 0.9 }),
};

function compiled(optimizer: () => Optimizer, executor: ExecutorOptions): Model {
  const model = residualModel();
  model.compile({ loss, optimizer: optimizer(), metrics: ['accuracy'], ...executor });
  return model;
}

/** The model as a file and back. */
async function throughFile(model: Model, executor: ExecutorOptions): Promise<Model> {
  const chunks = await encodeModel(model);
  await model.dispose();
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return decodeModel(bytes, executor);
}

async function finish(model: Model, run: FitOptions) {
  const { history } = await model.fit(...data, run);
  const { seconds: _, ...figures } = history;
  const { iterations, slots } = await model.optimizerState();
  const result = { weights: await weightsOf(model), figures, iterations, slots };
  await model.dispose();
  return result;
}

for (const replicas of [1, 2]) {
  const executor: ExecutorOptions = { replicas, gemm: 'wasm' };
  for (const [name, optimizer] of Object.entries(optimizers)) {
    test(`saved and loaded, training continues bit for bit: ${name}, replicas ${replicas}`, async () => {
      const straight = compiled(optimizer, executor);
      await straight.fit(...data, { ...options, epochs: 1 });
      const expected = await finish(straight, { ...options, epochs: 3, initialEpoch: 1 });

      const first = compiled(optimizer, executor);
      await first.fit(...data, { ...options, epochs: 1 });
      const second = await throughFile(first, executor);
      const actual = await finish(second, { ...options, epochs: 3, initialEpoch: 1 });
      assert.deepEqual(actual, expected);
      assert.equal(actual.iterations, 9);
    });
  }

  test(`stopped within an epoch, training continues bit for bit: replicas ${replicas}`, async () => {
    const { Adam } = optimizers;
    const expected = await finish(compiled(Adam, executor), { ...options, epochs: 3 });

    const first = compiled(Adam, executor);
    let epoch = 0;
    const stop: Callback = {
      onEpochBegin: (number) => {
        epoch = number;
      },
      onTrainBatchEnd: (batch) => {
        if (epoch === 1 && batch === 1) first.stopTraining = true;
      },
    };
    const { stoppedAt } = await first.fit(...data, { ...options, epochs: 3, callbacks: [stop] });
    assert.equal(stoppedAt?.batch, 2);
    assert.equal(stoppedAt.samples, 16);
    const position = JSON.parse(JSON.stringify(stoppedAt)) as typeof stoppedAt;
    const second = await throughFile(first, executor);
    const rest = { ...options, epochs: 3, initialEpoch: 1, initialPosition: position };
    const actual = await finish(second, rest);
    assert.deepEqual(actual.weights, expected.weights);
    assert.deepEqual(actual.slots, expected.slots);
    const lastTwo = Object.entries(expected.figures).map(([key, values]) => [key, values.slice(1)]);
    assert.deepEqual(actual.figures, Object.fromEntries(lastTwo));
  });
}

test('a state saved with one replica continues with two', async () => {
  const { Adam } = optimizers;
  const first = compiled(Adam, { replicas: 1, gemm: 'wasm' });
  await first.fit(...data, options);
  const { slots } = await first.optimizerState();
  const second = await throughFile(first, { replicas: 2, gemm: 'wasm' });
  const restored = await second.optimizerState();
  assert.deepEqual(restored, { iterations: 3, slots });
  await second.predict(data[0]);
  await second.fit(...data, { ...options, epochs: 2, initialEpoch: 1 });
  assert.equal((await second.optimizerState()).iterations, 6);
  await second.dispose();
});

test('dispose keeps weights and optimizer state', async () => {
  const { Adam } = optimizers;
  const executor: ExecutorOptions = { replicas: 2, gemm: 'wasm' };
  const straight = compiled(Adam, executor);
  await straight.fit(...data, options);
  const expected = await finish(straight, { ...options, epochs: 2, initialEpoch: 1 });

  const interrupted = compiled(Adam, executor);
  await interrupted.fit(...data, options);
  await interrupted.dispose();
  const actual = await finish(interrupted, { ...options, epochs: 2, initialEpoch: 1 });
  assert.deepEqual(actual, expected);
});

test('a layer that thaws finds its optimizer state again', async () => {
  const { Adam } = optimizers;
  const model = compiled(Adam, { replicas: 2, gemm: 'wasm' });
  await model.fit(...data, options);
  const momentsOf = async () => (await model.optimizerState()).slots.get('m')?.get('conv1/kernel');
  const before = (await momentsOf())?.slice();
  assert.ok(before?.some((value) => value !== 0));
  model.getLayer('conv1').trainable = false;
  await model.fit(...data, { ...options, epochs: 2, initialEpoch: 1 });
  assert.deepEqual(await momentsOf(), before);
  model.getLayer('conv1').trainable = true;
  await model.fit(...data, { ...options, epochs: 3, initialEpoch: 2 });
  assert.notDeepEqual(await momentsOf(), before);
  await model.dispose();
});
