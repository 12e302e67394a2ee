import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutorOptions, Model } from '../../src/node.js';
import { relativeDistance } from '../conformance/compare-results.js';
import { TOLERANCE } from '../conformance/run-conformance.js';
import { residualModel, samples } from '../training/small-models.js';

const [x, y] = samples(11, [6, 6, 3]);
const BATCH = 4;

/** Predictions and losses around two steps of training, everything three times. */
async function history(options: ExecutorOptions): Promise<Float32Array[]> {
  const model = residualModel({ rate: 0 });
  model.compile({ loss: 'categoricalCrossentropy', optimizer: 'adam', ...options });
  const seen: Float32Array[] = [];
  const look = async () => {
    for (let i = 0; i < 3; i++) {
      seen.push((await model.predict(x, { batchSize: BATCH })).data.slice());
      const { loss } = await model.evaluate(x, y, { batchSize: BATCH });
      seen.push(Float32Array.of(loss));
    }
  };
  await look();
  for (let step = 0; step < 2; step++) await model.trainOnBatch(x, y);
  await look();
  await setHead(model);
  await look();
  await model.dispose();
  return seen;
}

async function setHead(model: Model): Promise<void> {
  const head = model.namedVariables.find(({ entry }) => entry === 'head/kernel');
  assert.ok(head);
  head.variable.write((await head.variable.read()).map((value) => 2 * value));
}

for (const replicas of [1, 2, 3]) {
  test(`predictions follow the weights, as graphs and by kernels, ${replicas} replicas`, async () => {
    const graphs = await history({ replicas });
    const kernels = await history({ replicas, graphs: false });
    graphs.forEach((values, i) => {
      const distance = relativeDistance(values, kernels[i]);
      assert.ok(distance <= TOLERANCE, `look ${i}: ${distance}`);
    });
    assert.ok(relativeDistance(kernels[0], kernels[6]) > 1e-3, 'training changes predictions');
    assert.ok(relativeDistance(kernels[6], kernels[12]) > 1e-3, 'a new head changes predictions');
    assert.deepEqual(graphs, await history({ replicas }), 'the same bits again');
  });
}
