import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  createReferenceExecutor,
  type EarlyStopping,
  type RunPlan,
  resolveCallback,
  sgd,
} from '../../src/node.js';
import { denseModel } from '../training/small-models.js';

/** What a callback of the real Keras does at given figures of epochs. */
interface Case {
  callback: string;
  options: Record<string, unknown>;
  figures: number[];
  /** Learning rate after each epoch. */
  rates?: number[];
  /** Epochs until it stopped the training. */
  epochs?: number;
  bestEpoch?: number;
  stoppedEpoch?: number;
}

const path = new URL('../../../tests/parity/fixtures/callbacks-keras.json', import.meta.url);
const cases = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Case[];
const PLAN: RunPlan = {
  epochs: 16,
  initialEpoch: 0,
  samples: 1,
  steps: 1,
  batchSize: 1,
  position: () => ({ epoch: 0, batch: 0, samples: 0, sums: {} }),
};

const camelCase = (name: string) =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

for (const [i, expected] of cases.entries()) {
  const { callback: name, options, figures } = expected;
  for (const resumeAt of [undefined, 5]) {
    const how = resumeAt === undefined ? '' : ', going on from its state';
    test(`${i}: ${name} ${JSON.stringify(options)} does what Keras's does${how}`, async () => {
      const config = Object.entries(options).map(([key, value]) => [camelCase(key), value]);
      const make = () => resolveCallback(name, { monitor: 'loss', ...Object.fromEntries(config) });
      const model = denseModel();
      model.compile({
        loss: 'mse',
        optimizer: sgd({ learningRate: 0.1 }),
        on: createReferenceExecutor(),
      });
      let callback = make();
      callback.setModel?.(model, PLAN);
      await callback.onTrainBegin?.({});
      const rates: number[] = [];
      for (let epoch = 0; epoch < figures.length && !model.stopTraining; epoch++) {
        if (epoch === resumeAt) {
          const state: unknown = JSON.parse(JSON.stringify(callback.getState?.()));
          callback = make();
          callback.setState?.(state);
          callback.setModel?.(model, PLAN);
          await callback.onTrainBegin?.({});
        }
        await callback.onEpochEnd?.(epoch, { loss: figures[epoch] });
        rates.push(model.optimizer.learningRate);
      }
      if (expected.rates !== undefined) {
        assert.equal(rates.length, expected.rates.length);
        rates.forEach((rate, epoch) => {
          const theirs = expected.rates?.[epoch] ?? 0;
          assert.ok(Math.abs(rate - theirs) <= 1e-6 * theirs, `${rates} but ${expected.rates}`);
        });
        return;
      }
      const { bestEpoch, stoppedEpoch } = callback as EarlyStopping;
      const found = { epochs: rates.length, bestEpoch, stoppedEpoch };
      const { epochs, bestEpoch: best, stoppedEpoch: stopped } = expected;
      assert.deepEqual(found, { epochs, bestEpoch: best, stoppedEpoch: stopped });
    });
  }
}
