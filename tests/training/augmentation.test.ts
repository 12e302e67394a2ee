import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ArrayDataset,
  augment,
  type Callback,
  type Dataset,
  flip,
  type GatherContext,
  type Model,
  mixup,
  padCrop,
  randomErasing,
} from '../../src/node.js';
import { denseModel, IMAGE, residualModel, samples, weightsOf } from './small-models.js';

const [inputs, targets] = samples(22, IMAGE);
const data = augment(new ArrayDataset({ inputs, targets }), [
  flip(),
  padCrop({ padding: 2 }),
  randomErasing(),
  mixup(),
]);
const options = { batchSize: 8, seed: 5, verbose: false };

function compiled(): Model {
  const model = residualModel();
  model.compile({ loss: 'categoricalCrossentropy', metrics: ['accuracy'], replicas: 1 });
  return model;
}

test('a run on augmented data that was stopped within an epoch goes on bit for bit', async () => {
  const straight = compiled();
  const { history: expected } = await straight.fit(data, { ...options, epochs: 2 });

  const stopped = compiled();
  let epoch = 0;
  const stop: Callback = {
    onEpochBegin: (number) => {
      epoch = number;
    },
    onTrainBatchEnd: (batch) => {
      if (epoch === 1 && batch === 1) stopped.stopTraining = true;
    },
  };
  const { stoppedAt } = await stopped.fit(data, { ...options, epochs: 2, callbacks: [stop] });
  assert.equal(stoppedAt?.batch, 2);
  const { history } = await stopped.fit(data, {
    ...options,
    epochs: 2,
    initialEpoch: 1,
    initialPosition: stoppedAt,
  });
  assert.deepEqual(await weightsOf(stopped), await weightsOf(straight));
  assert.equal(history.loss[0], expected.loss[1]);
  await Promise.all([straight.dispose(), stopped.dispose()]);
});

test('training tells the data seed and epoch; validation, evaluation and prediction do not', async () => {
  const contexts: (GatherContext | undefined)[] = [];
  const [x, y] = samples(5, [4]);
  const plain = new ArrayDataset({ inputs: x, targets: y });
  const noting: Dataset = {
    size: plain.size,
    inputShapes: plain.inputShapes,
    targetShapes: plain.targetShapes,
    gather(indices, xs, ys, context) {
      contexts.push(context);
      plain.gather(indices, xs, ys);
    },
  };
  const model = denseModel();
  model.compile({ loss: 'categoricalCrossentropy', executor: 'reference' });
  const run = { epochs: 2, batchSize: 4, seed: 9, verbose: false };
  await model.fit(noting, { ...run, validationData: noting });
  await model.evaluate(noting);
  await model.predict(noting);
  const epoch = (number: number) => ({ seed: 9, epoch: number });
  const validated = [undefined, undefined];
  assert.deepEqual(contexts, [
    ...[epoch(0), epoch(0), ...validated],
    ...[epoch(1), epoch(1), ...validated],
    ...[undefined, undefined],
  ]);
  await model.dispose();
});
