import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ArrayDataset,
  augment,
  dense,
  evaluateViews,
  flip,
  freeze,
  globalAveragePooling2d,
  input,
  Model,
  mixup,
  padCrop,
  predictViews,
  replaceHead,
  thaw,
} from '../../src/node.js';
import { IMAGE, residualModel, samples, weightsOf } from '../training/small-models.js';

const [inputs, targets] = samples(10, IMAGE);
const data = new ArrayDataset({ inputs, targets });
const compiling = {
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  executor: 'reference',
} as const;

test('a new head learns while the frozen rest stays as it is, and learns once thawed', async () => {
  const old = residualModel({ rate: 0 });
  const model = freeze(replaceHead(old, { classes: 5, dropout: 0.2 }), { except: ['head'] });
  assert.deepEqual(model.outputShapes, [[5]]);
  assert.deepEqual(
    model.layers.slice(-2).map(({ name }) => name),
    ['head_dropout', 'head'],
  );
  assert.equal(model.getLayer('stem'), old.getLayer('stem'));
  const rows = new Float32Array(50);
  for (let i = 0; i < 10; i++) rows[5 * i + (i % 5)] = 1;
  const task = new ArrayDataset({ inputs, targets: { data: rows, shape: [10, 5] } });
  model.compile(compiling);
  const before = await weightsOf(model);
  await model.fit(task, { verbose: false });
  const changed = async () => {
    const after = await weightsOf(model);
    const names = [...after.keys()];
    return names.filter((name) => after.get(name)?.join() !== before.get(name)?.join()).sort();
  };
  assert.deepEqual(await changed(), ['head/bias', 'head/kernel']);
  thaw(model, { from: 'conv2' });
  await model.fit(task, { verbose: false });
  const names = await changed();
  assert.ok(names.includes('conv2/kernel') && names.includes('bn2/movingMean'), names.join());
  assert.ok(!names.includes('stem/kernel') && !names.includes('bn1/movingMean'), names.join());
  await model.dispose();
});

test('a model without one dense layer at its end gets no new head', () => {
  const image = input({ shape: [4, 4, 3] });
  const pooled = globalAveragePooling2d()(image);
  const flat = new Model({ inputs: image, outputs: pooled });
  assert.throws(() => replaceHead(flat, { classes: 2 }), {
    name: 'GraphError',
    message: /no dense layer to replace/,
  });
  const two = new Model({ inputs: image, outputs: [dense({ units: 2 })(pooled), pooled] });
  assert.throws(() => replaceHead(two, { classes: 2 }), /has 2 outputs/);
  assert.throws(() => freeze(residualModel(), { except: ['haed'] }), { name: 'UnknownNameError' });
});

test('predictions are the mean over the plain images and the views', async () => {
  const model = residualModel();
  model.compile(compiling);
  const mirror = flip({ probability: 1 });
  // Training data draws for training only.
  const noisy = augment(data, [padCrop({ padding: 2 })]);
  const [{ data: mean, shape }] = await predictViews(model, noisy, [mirror]);
  assert.deepEqual(shape, [10, 3]);
  const plain = await model.predict(data);
  const width = IMAGE[1];
  const mirrored = inputs.data.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    return inputs.data[(row * width + width - 1 - column) * 3 + channel];
  });
  const other = await model.predict({ data: mirrored, shape: inputs.shape });
  mean.forEach((value, i) => {
    assert.ok(Math.abs(value - (plain.data[i] + other.data[i]) / 2) < 1e-6);
  });

  const figures = await evaluateViews(model, data, [mirror], { batchSize: 4 });
  let loss = 0;
  let hits = 0;
  for (let i = 0; i < 10; i++) {
    const row = mean.subarray(3 * i, 3 * i + 3);
    const label = targets.data[i];
    loss -= Math.log(row[label]) / 10;
    if (row.indexOf(Math.max(...row)) === label) hits++;
  }
  assert.ok(Math.abs(figures.loss - loss) < 1e-5, `${figures.loss}, not ${loss}`);
  assert.ok(Math.abs(figures.accuracy - hits / 10) < 1e-6);

  const crops = [padCrop({ padding: 2 }), padCrop({ padding: 2 })];
  const once = await predictViews(model, data, crops, { seed: 1 });
  assert.deepEqual(await predictViews(model, data, crops, { seed: 1 }), once);
  assert.notDeepEqual(await predictViews(model, data, crops, { seed: 2 }), once);
  assert.notDeepEqual(await predictViews(model, data, crops.slice(1), { seed: 1 }), once);
  await assert.rejects(predictViews(model, data, [mixup()]), {
    name: 'ValueError',
    message: /mixup blends samples, so it gives no view of one/,
  });
  await model.dispose();
});
