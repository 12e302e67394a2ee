import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Model, ValueError } from '../../src/node.js';
import { IMAGE, residualModel, samples, weightsOf } from './small-models.js';

const LOSS = 'categoricalCrossentropy';

async function withModel(
  options: Partial<Parameters<Model['compile']>[0]>,
  use: (model: Model) => Promise<void>,
): Promise<void> {
  const model = residualModel();
  model.compile({ loss: LOSS, ...options });
  try {
    await use(model);
  } finally {
    await model.dispose();
  }
}

for (const executor of ['cpu', 'reference'] as const) {
  test(`${executor}: the steps of fit are profiled, by kind and batch size`, async () => {
    await withModel({ executor, replicas: 2, profile: true }, async (model) => {
      const [x, y] = samples(11, IMAGE);
      await model.fit(x, y, { batchSize: 4, epochs: 2, verbose: false });
      const profiles = await model.profiles();
      assert.deepEqual(
        profiles.map(({ name, samples: count, runs }) => [name, count, runs]),
        [
          ['train residual', 4, 3],
          ['train residual', 3, 1],
        ],
      );
      const [profile] = profiles;
      assert.deepEqual(
        profile.replicas.map((replica) => replica.samples),
        [2, 2],
      );
      const plans = await model.plans('train', 4);
      assert.equal(profile.calls.length, plans[0].calls.length);
      assert.ok(
        profile.calls.every(({ milliseconds, waiting }) => milliseconds >= 0 && waiting >= 0),
      );
      const layers = profile.layers.map(({ name }) => name);
      for (const name of ['stem', 'bn1', 'conv2', 'head', 'optimizer']) {
        assert.ok(layers.includes(name), name);
      }
      // Two views of the same time.
      const total = (rows: readonly { milliseconds: number }[]) =>
        rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
      assert.ok(Math.abs(total(profile.kernels) - total(profile.layers)) < 1e-6);
      assert.ok(total(profile.layers) <= profile.milliseconds);
    });
  });
}

test('measuring a step leaves weights, optimizer and what training does next as they were', async () => {
  const [x, y] = samples(8, IMAGE);
  const weights: Map<string, Float32Array>[] = [];
  for (const isMeasured of [false, true]) {
    await withModel({ replicas: 2, profile: true }, async (model) => {
      await model.fit(x, y, { batchSize: 4, verbose: false });
      if (isMeasured) {
        const before = await weightsOf(model);
        const profile = await model.measureStep('train', 6, 2);
        assert.deepEqual([profile.samples, profile.runs], [6, 2]);
        assert.deepEqual(await weightsOf(model), before);
      }
      await model.fit(x, y, { batchSize: 4, verbose: false, epochs: 2, initialEpoch: 1 });
      weights.push(await weightsOf(model));
    });
  }
  assert.deepEqual(weights[1], weights[0]);
});

test('without times taken there are no profiles, and measuring says how to get them', async () => {
  await withModel({ replicas: 1 }, async (model) => {
    await model.predict(samples(2, IMAGE)[0]);
    assert.deepEqual(await model.profiles(), []);
    await assert.rejects(model.measureStep('predict', 2), (error: unknown) => {
      assert.ok(error instanceof ValueError);
      assert.match(error.message, /profile: true/);
      return true;
    });
    await assert.rejects(model.measureStep('predict', 2, 0), ValueError);
  });
});
