import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  adam,
  adamW,
  clearNames,
  createCpuExecutor,
  dense,
  input,
  lion,
  Model,
  type Optimizer,
  rmsprop,
  sgd,
} from '../../src/node.js';
import { samples, weightsOf } from './small-models.js';

/** Shards of some 70,000 and 47,000 weights: several chunks, the last of them short. */
function wideModel(): Model {
  clearNames();
  const inputs = input({ shape: [200], name: 'features' });
  const hidden = dense({ units: 690, activation: 'relu', name: 'hidden' })(inputs);
  const outputs = dense({ units: 3, activation: 'softmax', name: 'head' })(hidden);
  return new Model({ inputs, outputs, name: 'wide' });
}

const OPTIMIZERS: Record<string, () => Optimizer> = {
  sgd: () => sgd({ learningRate: 0.1 }),
  'sgd, momentum and decay': () =>
    sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, excludeFromWeightDecay: ['bias'] }),
  adam: () => adam(),
  'adamw, groups of rates': () =>
    adamW({
      weightDecay: 0.1,
      excludeFromWeightDecay: ['bias'],
      learningRateMultipliers: { head: 2 },
    }),
  'rmsprop, centered': () => rmsprop({ momentum: 0.5, centered: true }),
  lion: () => lion(),
};

// With times of calls the exchange of gradients, the update and the exchange of weights are three calls.
suite('gradients exchanged, shards updated and weights exchanged chunk by chunk', () => {
  for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
    for (const replicas of [2, 3]) {
      test(`${name}, ${replicas} replicas: the bits of the three calls`, async () => {
        const [x, y] = samples(24, [200]);
        const outcomes = [];
        for (const profile of [true, false]) {
          const on = await createCpuExecutor({ replicas, gemm: 'wasm', profile });
          const model = wideModel();
          model.compile({ loss: 'categoricalCrossentropy', optimizer: optimizer(), on });
          await model.fit(x, y, { batchSize: 8, epochs: 2, verbose: false });
          outcomes.push([await weightsOf(model), await model.gradients()]);
          await model.dispose();
          await on.dispose();
        }
        assert.deepEqual(outcomes[1], outcomes[0]);
      });
    }
  }
});
