import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adam,
  classify,
  decodeModel,
  encodeModel,
  type FitOptions,
  type Model,
  sgd,
  swa,
} from '../../src/node.js';
import { IMAGE, residualModel, samples, weightsOf } from './small-models.js';

const data = samples(22, IMAGE);
const options: FitOptions = { batchSize: 8, seed: 5, verbose: false };
const loss = 'categoricalCrossentropy';

function averaging(replicas = 2): Model {
  const model = residualModel();
  const optimizer = adam({ learningRate: 0.05, useEma: true, emaMomentum: 0.5 });
  model.compile({ loss, optimizer, replicas, gemm: 'wasm' });
  return model;
}

/** The weights with the averages of those that have one. */
async function averagesOf(model: Model): Promise<Map<string, Float32Array>> {
  const { slots } = await model.optimizerState();
  const weights = await weightsOf(model);
  for (const [entry, average] of slots.get('average') ?? []) weights.set(entry, average.slice());
  return weights;
}

test('evaluating, predicting and validating with averages leaves training as it was', async () => {
  const straight = averaging();
  await straight.fit(...data, { ...options, epochs: 2 });
  const expected = { weights: await weightsOf(straight), ...(await straight.optimizerState()) };

  const model = averaging();
  const validationData = data;
  const run = { ...options, validationData, validationWeights: 'ema' } as const;
  const { history } = await model.fit(...data, { ...run, epochs: 1 });
  const twin = residualModel();
  twin.compile({ loss, replicas: 2, gemm: 'wasm' });
  const averages = await averagesOf(model);
  for (const { entry, variable } of twin.namedVariables) {
    variable.write(averages.get(entry) ?? []);
  }
  const wanted = await twin.evaluate(...data, { batchSize: 8 });
  assert.deepEqual(await model.evaluate(...data, { batchSize: 8, weights: 'ema' }), wanted);
  assert.equal(history.valLoss[0], wanted.loss);
  assert.notEqual((await model.evaluate(...data, { batchSize: 8 })).loss, wanted.loss);
  const predictions = await model.predict(data[0], { weights: 'ema' });
  assert.deepEqual(predictions, await twin.predict(data[0]));
  const { probabilities } = await classify(model, ...data, { weights: 'ema' });
  assert.deepEqual(probabilities, predictions.data);
  const saved = await model.withEmaWeights(() => encodeModel(model));
  const bytes = new Uint8Array(await new Blob(saved as BlobPart[]).arrayBuffer());
  assert.deepEqual(await weightsOf(await decodeModel(bytes)), averages);

  await model.fit(...data, { ...run, epochs: 2, initialEpoch: 1 });
  const actual = { weights: await weightsOf(model), ...(await model.optimizerState()) };
  assert.deepEqual(actual, expected);
  for (const one of [straight, model, twin]) await one.dispose();
});

test('without averages there is nothing to exchange', async () => {
  const fresh = averaging(1);
  await assert.rejects(fresh.evaluate(...data, { weights: 'ema' }), {
    code: 'E_VALUE',
    message: /no moving averages of its weights; compile it with .* useEma: true, and train it/,
  });
  await fresh.dispose();
  const plain = residualModel();
  plain.compile({ loss, replicas: 1, gemm: 'wasm' });
  await plain.fit(...data, options);
  await assert.rejects(plain.swapEmaWeights(), /no moving averages/);
  await assert.rejects(plain.predict(data[0], { weights: 'best' as 'ema' }), /'current' or 'ema'/);
  await plain.dispose();
});

test('the average of a layer that thaws begins with its weights', async () => {
  const model = averaging(1);
  model.getLayer('conv1').trainable = false;
  await model.fit(...data, options);
  const before = (await weightsOf(model)).get('conv1/kernel') as Float32Array;
  model.getLayer('conv1').trainable = true;
  await model.fit(...data, { ...options, batchSize: 22, initialEpoch: 1, epochs: 2 });
  const after = (await weightsOf(model)).get('conv1/kernel') as Float32Array;
  const average = (await averagesOf(model)).get('conv1/kernel');
  assert.notDeepEqual(after, before);
  assert.deepEqual(
    average,
    before.map((value, i) => Math.fround(value / 2) + after[i] / 2),
  );
  await model.dispose();
});

test('stochastic weight averaging takes the mean of the last epochs, also of a run in two parts', async () => {
  const compiled = () => {
    const model = residualModel({ rate: 0 });
    model.compile({ loss, optimizer: sgd({ learningRate: 0.05 }), replicas: 2, gemm: 'wasm' });
    return model;
  };
  const model = compiled();
  const ends: Map<string, Float32Array>[] = [];
  const averaging = swa({ startEpoch: 1, frequency: 2 });
  const keep = { onEpochEnd: async () => void ends.push(await weightsOf(model)) };
  // What a checkpoint that is being written has hold of.
  const held: Float32Array[] = [];
  const hold = {
    onEpochEnd: () => {
      const mean = averaging.getArrays?.().get('conv1/kernel');
      if (mean !== undefined) held.push(mean, mean.slice());
    },
  };
  await model.fit(...data, { ...options, epochs: 4, callbacks: [averaging, keep, hold] });
  assert.deepEqual(held[0], held[1]);
  assert.notDeepEqual(held[0], held[4]);
  averaging.apply();
  const kernel = (await weightsOf(model)).get('conv1/kernel') as Float32Array;
  const [first, second] = [1, 3].map((epoch) => ends[epoch].get('conv1/kernel') as Float32Array);
  kernel.forEach((value, i) => {
    const mean = (first[i] + second[i]) / 2;
    assert.ok(Math.abs(value - mean) <= 1e-7 * Math.max(1, Math.abs(mean)));
  });

  const parts = compiled();
  const begun = swa({ startEpoch: 1, frequency: 2 });
  await parts.fit(...data, { ...options, epochs: 2, callbacks: [begun] });
  const resumed = swa({ startEpoch: 1, frequency: 2 });
  resumed.setState?.(JSON.parse(JSON.stringify(begun.getState?.())));
  resumed.setArrays?.(begun.getArrays?.() ?? new Map());
  await parts.fit(...data, { ...options, initialEpoch: 2, epochs: 4, callbacks: [resumed] });
  assert.equal(resumed.count, 2);
  assert.deepEqual(resumed.getArrays?.(), averaging.getArrays?.());
  assert.throws(() => swa({ startEpoch: 1 }).apply(), /no epoch has counted yet/);
  assert.throws(() => swa({ startEpoch: -1 }), { code: 'E_VALUE' });
  await model.dispose();
  await parts.dispose();
});

test('statistics are estimated anew as the mean of those of the batches', async () => {
  const model = residualModel({ rate: 0 });
  model.compile({ loss, optimizer: sgd(), replicas: 2, gemm: 'wasm' });
  const [images] = data;
  const before = await weightsOf(model);
  await model.updateBatchNormalization(images, { batchSize: 8 });
  const after = await weightsOf(model);
  for (const [entry, values] of before) {
    const moves = /moving/.test(entry);
    assert.equal(moves, !values.every((value, i) => value === after.get(entry)?.[i]), entry);
  }
  const stem = await model.probe(...data, { layers: ['stem'] });
  assert.equal((await model.optimizerState()).iterations, 0);
  // The mean over all samples is the weighted mean of the batches' means.
  const activation = stem.layers.get('stem')?.activation as Float32Array;
  const mean = after.get('bn_stem/movingMean') as Float32Array;
  mean.forEach((value, channel) => {
    const own = activation.filter((_, i) => i % mean.length === channel);
    const truth = own.reduce((sum, x) => sum + x, 0) / own.length;
    assert.ok(Math.abs(value - truth) < 1e-5, `channel ${channel}: ${value}, not ${truth}`);
  });
  await model.dispose();
});
