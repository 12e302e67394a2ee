import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createReferenceExecutor,
  type Dataset,
  type Executor,
  globalAveragePooling2d,
  input,
  Model,
  sgd,
} from '../../src/node.js';
import { CLASSES, denseModel, samples } from './small-models.js';

/** Data that cannot be read from some call of `gather` on. */
class FailingDataset implements Dataset {
  readonly size = 12;
  readonly inputShapes = [[4]];
  readonly targetShapes = [[CLASSES]];
  #calls = 0;

  constructor(readonly failsAt: number) {}

  async gather(
    _indices: Uint32Array,
    _inputs: readonly Float32Array[],
    [y]: readonly Float32Array[],
  ): Promise<void> {
    if (++this.#calls === this.failsAt) throw new Error('the disk is gone');
    y.fill(1 / CLASSES);
  }
}

/** An executor that counts the runs under way, each of which takes a while. */
function slowExecutor(): { executor: Executor; running: () => number } {
  const executor = createReferenceExecutor();
  const run = executor.run.bind(executor);
  let count = 0;
  executor.run = async (...options) => {
    count++;
    try {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return await run(...options);
    } finally {
      count--;
    }
  };
  return { executor, running: () => count };
}

for (const failsAt of [1, 2, 3]) {
  test(`data that fails at batch ${failsAt} ends the run, and leaves nothing running`, async () => {
    const model = denseModel();
    const { executor, running } = slowExecutor();
    model.compile({ loss: 'categoricalCrossentropy', optimizer: sgd(), on: executor });
    const data = new FailingDataset(failsAt);
    await assert.rejects(model.fit(data, { batchSize: 4, verbose: false }), /the disk is gone/);
    assert.equal(running(), 0);
    const history = await model.fit(...samples(8, [4]), { verbose: false });
    assert.ok(Number.isFinite(history.history.loss[0]));
    await model.dispose();
  });
}

test('a callback that fails ends the run, and the model goes on', async () => {
  const model = denseModel();
  model.compile({ loss: 'categoricalCrossentropy', replicas: 2, gemm: 'wasm' });
  const data = samples(12, [4]);
  for (const hook of ['onTrainBatchBegin', 'onTrainBatchEnd', 'onEpochEnd'] as const) {
    const callback = {
      [hook]: () => {
        throw new Error('no more');
      },
    };
    const options = { batchSize: 4, verbose: false, callbacks: [callback] };
    await assert.rejects(model.fit(...data, options), /no more/);
  }
  const { history } = await model.fit(...data, { batchSize: 4, verbose: false });
  assert.ok(Number.isFinite(history.loss[0]));
  await model.dispose();
});

test('a batch that no array can hold is refused with its size', async () => {
  const inputs = input({ shape: [2 ** 16, 2 ** 16, 3] });
  const model = new Model({ inputs, outputs: globalAveragePooling2d()(inputs) });
  await assert.rejects(model.plans('predict', 4), {
    code: 'E_EXECUTOR',
    message: /an array of 196608 MiB, which there is not; use a smaller batch size/,
  });
  await model.dispose();
});
