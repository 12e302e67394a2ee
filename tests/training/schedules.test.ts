import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  adam,
  cosineDecay,
  createReferenceExecutor,
  decodeModel,
  encodeModel,
  type LearningRateLike,
  learningRateScheduler,
  type Model,
  resolveSchedule,
  sgd,
  ValueError,
  warmUp,
} from '../../src/node.js';
import { denseModel, samples, weightsOf } from './small-models.js';

const [x, y] = samples(8, [4]);
const decay = cosineDecay({ initialLearningRate: 0.4, decaySteps: 6 });

function compiled(learningRate: LearningRateLike): Model {
  const model = denseModel();
  const optimizer = adam({ learningRate });
  model.compile({ loss: 'categoricalCrossentropy', optimizer, on: createReferenceExecutor() });
  return model;
}

/** Trains, and gives the rate that callbacks saw before and after each step. */
async function ratesOf(model: Model, epochs: number, initialEpoch = 0): Promise<number[]> {
  const rates: number[] = [];
  const seen = {
    onTrainBatchBegin: () => void rates.push(model.optimizer.learningRate),
    onTrainBatchEnd: () => assert.equal(model.optimizer.learningRate, rates.at(-1)),
  };
  const callbacks = [seen];
  await model.fit(x, y, { epochs, initialEpoch, batchSize: 4, callbacks, verbose: false });
  return rates;
}

suite('a learning rate that follows a schedule', () => {
  test('is that of each step, and a file goes on where it stood, bit for bit', async () => {
    const model = compiled(decay);
    assert.equal(model.optimizer.learningRate, 0.4);
    assert.deepEqual(await ratesOf(model, 1), [0, 1].map(decay.at));
    const chunks = await encodeModel(model);
    const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    const again = await decodeModel(bytes, { executor: 'reference' });
    assert.equal(again.optimizer.learningRate, decay.at(2));
    assert.deepEqual(again.compileConfig(), model.compileConfig());
    assert.deepEqual(await ratesOf(again, 3, 1), [2, 3, 4, 5].map(decay.at));
    assert.deepEqual(await ratesOf(model, 3, 1), [2, 3, 4, 5].map(decay.at));
    assert.deepEqual(await weightsOf(again), await weightsOf(model));
  });

  test('really changes the step', async () => {
    const scheduled = compiled(warmUp(0.2, 4));
    const stepwise = compiled(0);
    const rates = [0, 0.05, 0.1, 0.15];
    for (const rate of rates) {
      stepwise.optimizer.learningRate = rate;
      await stepwise.trainOnBatch(x, y);
      await scheduled.trainOnBatch(x, y);
    }
    assert.deepEqual(await weightsOf(scheduled), await weightsOf(stepwise));
  });

  test('cannot be set, a number can', async () => {
    const model = compiled(decay);
    const halving = learningRateScheduler((_, rate) => rate / 2);
    await assert.rejects(
      model.fit(x, y, { callbacks: [halving], verbose: false }),
      (error: Error) => error instanceof ValueError && /schedule 'cosineDecay'/.test(error.message),
    );
  });

  test('may be a function, whose model comes back from a file to be compiled by hand', async () => {
    const model = compiled((iterations) => 1 / (1 + iterations));
    assert.deepEqual(await ratesOf(model, 2), [1, 1 / 2, 1 / 3, 1 / 4]);
    const chunks = await encodeModel(model);
    const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    assert.equal((await decodeModel(bytes)).compiled, false);
  });

  test('may be named in JSON', () => {
    const options = { initialLearningRate: 0.1, decaySteps: 5, alpha: 0.5 };
    const { schedule } = sgd({ learningRate: { name: 'cosineDecay', ...options } });
    assert.deepEqual(schedule?.getConfig(), resolveSchedule('cosineDecay', options).getConfig());
  });
});
