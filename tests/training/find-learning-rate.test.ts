import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ArrayDataset,
  adam,
  cosineDecay,
  createReferenceExecutor,
  drawLearningRates,
  findLearningRate,
  sgd,
  ValueError,
} from '../../src/node.js';
import { denseModel, samples, weightsOf } from './small-models.js';

const on = createReferenceExecutor();
const loss = 'categoricalCrossentropy';
const [x, y] = samples(24, [4]);
const data = new ArrayDataset({ inputs: x, targets: y });

test('a test of rates finds where the loss falls, and leaves the model as it was', async () => {
  const model = denseModel();
  model.compile({ loss, optimizer: adam({ learningRate: 0.003 }), on });
  await model.trainOnBatch(x, y);
  const weights = await weightsOf(model);
  const before = await model.optimizerState();
  const slots = new Map([...before.slots].map(([k, v]) => [k, new Map(v)]));
  const options = { steps: 40, minLearningRate: 1e-5, maxLearningRate: 10, batchSize: 8 };
  const found = await findLearningRate(model, data, { ...options, stopFactor: 1e9 });
  assert.equal(found.rates.length, 40);
  assert.ok(Math.abs(found.rates[39] / 10 - 1) < 1e-9);
  const factors = found.rates.slice(1).map((rate, i) => rate / found.rates[i]);
  for (const factor of factors) assert.ok(Math.abs(factor / 1e6 ** (1 / 39) - 1) < 1e-9);
  const { suggestion = 0, lowest } = found;
  assert.ok(suggestion > 1e-5 && suggestion < lowest, `${suggestion} ${lowest}`);
  assert.deepEqual(await weightsOf(model), weights);
  assert.deepEqual(await model.optimizerState(), { iterations: 1, slots });
  assert.equal(model.optimizer.learningRate, 0.003);
  // The losses are those of the batches, not running means.
  const alone = denseModel();
  alone.compile({ loss, optimizer: sgd({ learningRate: 0.1 }), on: createReferenceExecutor() });
  const still = { minLearningRate: 1e-30, maxLearningRate: 1e-29, steps: 3, batchSize: 8 };
  const { losses } = await findLearningRate(alone, data, still);
  const { loss: mean } = await alone.evaluate(data);
  assert.ok(Math.abs(losses.reduce((a, b) => a + b) / 3 - mean) < 1e-6);
  assert.match(drawLearningRates(found), /falls fastest at/);
});

test('it ends where the loss grows, and says when it cannot be', async () => {
  const model = denseModel();
  model.compile({ loss: 'mse', optimizer: sgd(), on });
  const range = { minLearningRate: 1e-3, maxLearningRate: 1e30, steps: 50, batchSize: 8 };
  const weights = await weightsOf(model);
  const { diverged, rates } = await findLearningRate(model, data, { ...range, stopFactor: 1.2 });
  assert.ok(rates.length > 3);
  assert.ok(diverged || rates.length === 50);
  assert.deepEqual(await weightsOf(model), weights);
  const wrong = { minLearningRate: 1, maxLearningRate: 0.1 };
  await assert.rejects(findLearningRate(model, data, wrong), ValueError);
  await assert.rejects(findLearningRate(model, data, { steps: 1 }), ValueError);
  const learningRate = cosineDecay({ initialLearningRate: 1, decaySteps: 5 });
  model.compile({ loss, optimizer: sgd({ learningRate }), on });
  await assert.rejects(findLearningRate(model, data), /follows the schedule/);
});
