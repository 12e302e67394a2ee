import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { learningRateScheduler, sgd, ValueError } from '../../src/node.js';
import { denseModel, samples } from './small-models.js';

suite('learningRateScheduler', () => {
  test('sets the rate of every epoch, from the epoch and the rate so far', async () => {
    const model = denseModel();
    model.compile({ loss: 'categoricalCrossentropy', optimizer: sgd({ learningRate: 0.4 }) });
    const [x, y] = samples(8, [4]);
    const rates: number[] = [];
    const seen = { onTrainBatchBegin: () => void rates.push(model.optimizer.learningRate) };
    const halving = learningRateScheduler((epoch, rate) => (epoch === 0 ? rate : rate / 2));
    await model.fit(x, y, { epochs: 3, batchSize: 4, callbacks: [halving, seen], verbose: false });
    assert.deepEqual(rates, [0.4, 0.4, 0.2, 0.2, 0.1, 0.1]);
    await model.dispose();
  });

  test('a rate of 0 changes nothing, one that is no number is refused', async () => {
    const model = denseModel();
    model.compile({ loss: 'categoricalCrossentropy', optimizer: sgd({ learningRate: 0.4 }) });
    const [x, y] = samples(8, [4]);
    const fit = (rate: number) =>
      model.fit(x, y, { callbacks: [learningRateScheduler(() => rate)], verbose: false });
    const before = (await model.getLayer('head').getWeights())[0].data;
    await fit(0);
    assert.deepEqual((await model.getLayer('head').getWeights())[0].data, before);
    await assert.rejects(fit(Number.NaN), ValueError);
    await model.dispose();
  });
});
