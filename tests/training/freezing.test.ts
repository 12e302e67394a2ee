import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  batchNormalization,
  clearNames,
  dense,
  input,
  Model,
  type Samples,
  sgd,
} from '../../src/node.js';
import { assertClose } from '../conformance/compare-results.js';
import { CLASSES, IMAGE, residualModel, samples, weightsOf } from './small-models.js';

const data = samples(12, IMAGE);
const loss = 'categoricalCrossentropy';

/** Names of the weights that a step of training changed. */
async function changedBy(model: Model, x: Samples, y: Samples): Promise<string[]> {
  const before = await weightsOf(model);
  await model.trainOnBatch(x, y);
  const after = await weightsOf(model);
  const differs = (a: Float32Array, b: Float32Array) => a.some((value, i) => value !== b[i]);
  return [...before].flatMap(([name, values]) =>
    differs(values, after.get(name) ?? values) ? [name] : [],
  );
}

test('frozen layers keep their weights and statistics, and thaw', async () => {
  const model = residualModel({ rate: 0 });
  model.compile({ loss, optimizer: 'adam', replicas: 2 });
  const all = await changedBy(model, ...data);
  // A bias before a normalisation over the batch has a gradient of exactly zero.
  const still = ['conv1/bias', 'conv2/bias', 'stem/bias'];
  const names = [...(await weightsOf(model)).keys()];
  assert.deepEqual(names.filter((name) => !all.includes(name)).sort(), still);

  for (const layer of model.layers) layer.trainable = layer.name === 'head';
  assert.deepEqual(await changedBy(model, ...data), ['head/kernel', 'head/bias']);

  model.getLayer('bn2').trainable = true;
  assert.deepEqual(await changedBy(model, ...data), [
    'bn2/gamma',
    'bn2/beta',
    'bn2/movingMean',
    'bn2/movingVariance',
    'head/kernel',
    'head/bias',
  ]);

  model.trainable = true;
  assert.deepEqual(await changedBy(model, ...data), all);
  await model.dispose();
});

test('a model that is frozen whole changes nothing', async () => {
  const model = residualModel({ rate: 0 });
  model.trainable = false;
  model.compile({ loss, replicas: 2 });
  assert.deepEqual(await changedBy(model, ...data), []);
  await model.dispose();
});

/** features → normalisation, optionally without weights that train → softmax. */
function normalizedModel(affine: boolean): Model {
  clearNames();
  const inputs = input({ shape: [4], name: 'features' });
  const y = batchNormalization({ name: 'bn', center: affine, scale: affine })(inputs);
  const outputs = dense({ units: CLASSES, activation: 'softmax', name: 'head' })(y);
  return new Model({ inputs, outputs, name: 'normalized' });
}

for (const affine of [true, false]) {
  const kind = affine ? 'with gamma and beta' : 'without weights that train';
  test(`a frozen normalisation uses its moving statistics in training, ${kind}`, async () => {
    const model = normalizedModel(affine);
    model.compile({ loss, optimizer: sgd({ learningRate: 0 }), replicas: 1 });
    const [x, y] = samples(12, [4]);
    // A step first, so that freezing has to change a plan that exists.
    const { loss: overBatch } = await model.trainOnBatch(x, y);
    model.getLayer('bn').trainable = false;
    assert.deepEqual(await changedBy(model, x, y), []);
    const frozen = await model.trainOnBatch(x, y);
    const inference = await model.testOnBatch(x, y);
    assertClose([frozen.loss], [inference.loss], {
      compare: 'relative',
      tolerance: 1e-6,
      label: 'loss',
    });
    model.getLayer('bn').trainable = true;
    const thawed = await model.trainOnBatch(x, y);
    assert.equal(thawed.loss, overBatch);
    assert.notEqual(thawed.loss, frozen.loss);
    await model.dispose();
  });
}

test('the penalty of a frozen weight is no part of the loss, as in Keras', async () => {
  clearNames();
  const x = input({ shape: [2], name: 'x' });
  const frozen = dense({
    units: 2,
    kernelInitializer: 'ones',
    kernelRegularizer: { l2: 1 },
    name: 'frozen',
  });
  const outputs = dense({ units: 1, kernelInitializer: 'zeros', name: 'head' })(frozen(x));
  const model = new Model({ inputs: x, outputs });
  const zeros = { data: new Float32Array(2), shape: [1, 2] };
  const target = { data: new Float32Array(1), shape: [1, 1] };
  for (const [trainable, expected] of [
    [true, 4],
    [false, 0],
  ] as const) {
    frozen.trainable = trainable;
    model.compile({ loss: 'meanSquaredError', optimizer: sgd(), executor: 'reference' });
    assert.equal((await model.evaluate(zeros, target)).loss, expected);
  }
  await model.dispose();
});
