import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SampleArray } from '../data/array-dataset.js';
import { dense } from '../layers/dense.js';
import { flatten } from '../layers/flatten.js';
import { input } from '../layers/input-layer.js';
import { createReferenceExecutor } from '../runtime/reference/reference-executor.js';
import { sgd } from '../training/optimizers.js';
import { Model } from './model.js';
import type { CompileOptions } from './model-options.js';
import { type SequentialOptions, sequential } from './sequential.js';

const x: SampleArray = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] };
const y: SampleArray = { data: Uint8Array.of(0, 1, 2), shape: [3], oneHot: 3 };
const loss = 'categoricalCrossentropy';

function newModel(options?: Partial<CompileOptions>): Model {
  const inputs = input({ shape: [2], name: 'x' });
  const outputs = dense({ units: 3, activation: 'softmax', name: 'head' })(inputs);
  const model = new Model({ inputs, outputs, name: 'm' });
  if (options !== undefined) model.compile({ loss, on: createReferenceExecutor(), ...options });
  return model;
}

test('what needs a loss says so before compile, and prediction needs none', async () => {
  const model = newModel();
  await assert.rejects(model.fit(x, y), /'m' has to be compiled before it can fit/);
  await assert.rejects(model.evaluate(x, y), /compiled before it can evaluate/);
  assert.throws(() => model.optimizer, /compiled before it can have an optimizer/);
  assert.equal(model.compiled, false);
  assert.deepEqual(await model.optimizerState(), { iterations: 0, slots: new Map() });
});

test('options of fit out of range are refused', async () => {
  const model = newModel({});
  const quiet = { verbose: false };
  await assert.rejects(
    model.fit(x, y, { ...quiet, batchSize: 0 }),
    /batchSize must be an integer ≥ 1/,
  );
  await assert.rejects(model.fit(x, y, { ...quiet, epochs: 1.5 }), /epochs must be an integer ≥ 1/);
  await assert.rejects(model.fit(x, y, { ...quiet, validationSplit: 1 }), { code: 'E_VALUE' });
  model.optimizer.learningRate = Number.NaN;
  await assert.rejects(model.fit(x, y, quiet), /learning rate must be a finite number/);
});

test('data that does not fit is named', async () => {
  const model = newModel({});
  const wide: SampleArray = { data: new Float32Array(9), shape: [3, 3] };
  await assert.rejects(model.predict(wide), /input 'x' takes samples of shape \[2\]/);
  await assert.rejects(model.fit(x, wide, { verbose: false, batchSize: 0 }), { code: 'E_VALUE' });
  const narrow: SampleArray = { data: new Float32Array(6), shape: [3, 2] };
  await assert.rejects(model.fit(x, narrow, { verbose: false }), /target 'head' takes samples/);
  await assert.rejects(model.predict([x, x]), { code: 'E_DATA' });
});

test('what was probably forgotten of the data is told', async () => {
  const image = input({ shape: [2, 2, 1], name: 'image' });
  const model = new Model({
    inputs: image,
    outputs: dense({ units: 3, name: 'head' })(flatten()(image)),
  });
  const on = createReferenceExecutor();
  const fit = (images: SampleArray, labels: SampleArray) => {
    return model.fit(images, labels, { verbose: false });
  };
  const images = (...shape: number[]): SampleArray => {
    return { data: new Float32Array(shape.reduce((a, b) => a * b)), shape };
  };
  const indices = (...labels: number[]): SampleArray => {
    return { data: Float32Array.from(labels), shape: [labels.length] };
  };
  model.compile({ loss, on });
  await assert.rejects(model.predict(images(3, 2, 2)), /channel axis.*\[samples, 2, 2, 1\]/);
  await assert.rejects(model.predict(images(2, 2, 1)), /one sample has shape \[1, 2, 2, 1\]/);
  await assert.rejects(
    fit(images(3, 2, 2, 1), indices(0, 1, 2)),
    /'sparseCategoricalCrossentropy', or become one-hot rows by oneHot: 3/,
  );
  model.compile({ loss: 'sparseCategoricalCrossentropy', on });
  await assert.rejects(
    fit(images(3, 2, 2, 1), y),
    /one-hot rows go with .* 'categoricalCrossentropy'/,
  );
  for (const label of [3, -1, 1.5]) {
    await assert.rejects(fit(images(3, 2, 2, 1), indices(0, label, 2)), {
      code: 'E_DATA',
      message:
        `target 'head' holds label ${label} (sample 1), but for 3 classes the loss ` +
        `'sparseCategoricalCrossentropy' takes whole numbers from 0 to 2`,
    });
  }
  await fit(images(3, 2, 2, 1), indices(0, 1, 2));
});

test('what is no array of samples is refused, also from programs without types', async () => {
  const model = newModel({});
  const fit = async (samples: unknown, targets: unknown) => {
    await model.fit(samples as SampleArray, targets as SampleArray, { verbose: false });
  };
  const form = /must be \{ data, shape \}/;
  for (const wrong of [
    undefined,
    null,
    'cat.png',
    [[1, 2]],
    new Float32Array(6),
    { data: x.data },
  ]) {
    await assert.rejects(fit(wrong, y), form);
    await assert.rejects(model.predict(wrong as SampleArray), form);
  }
  await assert.rejects(fit(x, [0, 1, 2]), form);
  await assert.rejects(
    fit({ train: {}, test: {} }, undefined),
    /has parts; give one of them, such as .train/,
  );
  const doubles = { data: Float64Array.of(1, 2, Number.NaN, 4, 5, 6), shape: [3, 2] };
  await assert.rejects(fit(doubles, y), /input holds NaN at index 2/);
});

test('a list of layers alone is no sequential model', () => {
  const layers = [dense({ units: 3 })];
  const wrong = layers as unknown as SequentialOptions;
  assert.throws(() => sequential(wrong), /takes \{ inputShape, layers: \[\.\.\.\] \}/);
  assert.deepEqual(sequential({ inputShape: [2], layers }).outputShapes, [[3]]);
});

test('names that are none are refused with the nearest', () => {
  const model = newModel();
  assert.throws(() => model.getLayer('heat'), /did you mean 'head'\?/);
  const compile = (options: object) => () => model.compile({ loss, ...options } as CompileOptions);
  assert.throws(compile({ optimizer: 'adan' }), /did you mean 'adam'\?/);
  assert.throws(compile({ loss: 'categoricalCrosentropy' }), { code: 'E_UNKNOWN' });
  assert.throws(compile({ loss: undefined }), /loss is missing; compile needs one/);
  assert.throws(compile({ executor: 'gpu' }), /unknown executor 'gpu'.* Known: cpu, reference/);
  assert.throws(compile({ gemm: 'wasn' }), /did you mean 'wasm'\?/);
  assert.throws(compile({ metrics: 'accuracy' }), /metrics must be a list/);
  assert.throws(compile({ metrics: { heat: ['accuracy'] } }), /did you mean 'head'\?/);
  assert.throws(compile({ metrics: ['acuracy'] }), /did you mean 'accuracy'\?/);
  assert.throws(compile({ lossWeights: [1, 2] }), /lossWeights must have one entry/);
  assert.throws(compile({ loss: { tail: 'mse' } }), /loss must have one entry/);
});

test('compiling anew begins a new optimizer state and keeps the weights', async () => {
  const model = newModel({ optimizer: 'adam' });
  await model.trainOnBatch(x, y);
  const weights = await model.getWeights();
  assert.equal((await model.optimizerState()).iterations, 1);
  model.compile({ loss, optimizer: sgd(), on: createReferenceExecutor() });
  assert.deepEqual(await model.getWeights(), weights);
  assert.equal((await model.optimizerState()).iterations, 0);
  await model.trainOnBatch(x, y);
  assert.notDeepEqual(await model.getWeights(), weights);
});

test('weights read while a step runs are those before or after it', async () => {
  const model = newModel({ optimizer: sgd({ learningRate: 1 }) });
  await model.trainOnBatch(x, y);
  const before = await model.getWeights();
  const step = model.trainOnBatch(x, y);
  const during = await model.getWeights();
  await step;
  const after = await model.getWeights();
  const matches = [before, after].some((known) => {
    return JSON.stringify(known) === JSON.stringify(during);
  });
  assert.ok(matches);
  assert.notDeepEqual(after, before);
});

test('two models that share a layer train it in turn', async () => {
  const shared = dense({ units: 3, activation: 'softmax', name: 'shared' });
  const models = [0, 1].map((i) => {
    const inputs = input({ shape: [2], name: `x${i}` });
    const model = new Model({ inputs, outputs: shared(inputs), name: `m${i}` });
    model.compile({ loss, optimizer: sgd({ learningRate: 0.5 }), on: createReferenceExecutor() });
    return model;
  });
  const alone = newModel({ optimizer: sgd({ learningRate: 0.5 }) });
  await alone.getLayer('head').setWeights(await shared.getWeights());
  for (const model of [...models, ...models]) {
    assert.deepEqual(await model.trainOnBatch(x, y), await alone.trainOnBatch(x, y));
  }
  assert.deepEqual(await shared.getWeights(), await alone.getLayer('head').getWeights());
});
