import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompileOptions, FitOptions } from '../../src/node.js';
import { relativeDistance } from '../conformance/compare-results.js';
import { IMAGE, residualModel, samples, weightsOf } from './small-models.js';

/**
 * Largest relative L2 distance between the weights after 12 steps with different numbers of replicas.
 * Only the order of float32 sums differs.
 */
const ROUNDING = 1e-5;

const data = samples(29, IMAGE);

async function train(
  compile: Partial<CompileOptions>,
  options: FitOptions = {},
): Promise<Map<string, Float32Array>> {
  const model = residualModel();
  model.compile({ loss: 'categoricalCrossentropy', optimizer: 'sgd', ...compile });
  await model.fit(...data, { epochs: 3, batchSize: 8, verbose: false, ...options });
  const weights = await weightsOf(model);
  await model.dispose();
  return weights;
}

for (const gemm of ['wasm', undefined] as const) {
  for (const replicas of [1, 2]) {
    const title = `${gemm ?? 'the default'} GEMM, replicas ${replicas}`;
    test(`the same seed twice gives the same bits: ${title}`, async () => {
      const settings = { gemm, replicas, optimizer: 'adam' } as const;
      assert.deepEqual(
        await train(settings, { seed: 7, epochs: 2 }),
        await train(settings, { seed: 7, epochs: 2 }),
      );
    });
  }
}

test('1, 2 and 3 replicas agree to rounding, where 8 samples do not divide by 3 either', async () => {
  const alone = await train({ replicas: 1 });
  for (const replicas of [2, 3]) {
    for (const [name, values] of await train({ replicas })) {
      const distance = relativeDistance(values, alone.get(name) ?? []);
      assert.ok(distance <= ROUNDING, `${replicas} replicas, ${name}: ${distance}`);
    }
  }
});

test('another seed gives other weights', async () => {
  const settings = { replicas: 1, gemm: 'wasm' } as const;
  const first = await train(settings, { seed: 1 });
  const second = await train(settings, { seed: 2 });
  assert.notDeepEqual(first.get('stem/kernel'), second.get('stem/kernel'));
});

test('first weights are the same whether the host or the replicas make them', async () => {
  const [x, y] = samples(4, IMAGE);
  const weights: Map<string, Float32Array>[] = [];
  for (const isLookedAt of [true, false]) {
    const model = residualModel();
    model.compile({ loss: 'categoricalCrossentropy', optimizer: 'sgd', replicas: 2 });
    if (isLookedAt) await weightsOf(model);
    await model.fit(x, y, { batchSize: 4, verbose: false });
    weights.push(await weightsOf(model));
    await model.dispose();
  }
  assert.deepEqual(weights[1], weights[0]);
});
