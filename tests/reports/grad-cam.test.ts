import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  activation,
  add,
  batchNormalization,
  clearNames,
  conv2d,
  createReferenceExecutor,
  dense,
  dropout,
  featureMaps,
  findApplication,
  globalAveragePooling2d,
  gradCam,
  gradCamLayer,
  input,
  Model,
  Random,
  type SampleArray,
  ShapeError,
  scoreGradient,
  UnknownNameError,
  ValueError,
} from '../../src/node.js';

const makeExecutor = () => createReferenceExecutor({ precision: 'float64' });

function noise(shape: readonly number[], seed: number): SampleArray {
  const size = shape.reduce((product, n) => product * n, 1);
  const random = new Random(seed);
  return { data: Float32Array.from({ length: size }, () => 2 * random.uniform() - 1), shape };
}

/** Weights that are far from where they began, moving statistics included. */
async function shake(model: Model, seed: number): Promise<void> {
  for (const layer of model.layers) {
    const weights = await layer.getWeights();
    await layer.setWeights(
      weights.map(({ data }, i) => {
        const change = noise([data.length], seed + i).data;
        const isStatistic = layer.className === 'BatchNormalization' && i === 3;
        return data.map((w, j) => (isStatistic ? 1 + Math.abs(change[j]) : w + 0.3 * change[j]));
      }),
    );
  }
}

/** A block with a shortcut that goes past the layer that is looked at. */
function network(): Model {
  clearNames();
  const x = input({ shape: [6, 5, 2], name: 'x' });
  const stem = conv2d({ filters: 3, kernelSize: 3, padding: 'same', name: 'stem' });
  const inner = conv2d({ filters: 3, kernelSize: 3, padding: 'same', name: 'inner' });
  const rest = {
    bn: batchNormalization({ name: 'bn' }),
    drop: dropout({ rate: 0.5, name: 'drop' }),
    top: dense({ units: 4, activation: 'softmax', name: 'top' }),
  };
  const start = stem(x);
  const maps = inner(activation('tanh', { name: 'act' })(start));
  const sum = add({ name: 'sum' })([rest.bn(maps), start]);
  const y = activation('tanh', { name: 'end' })(sum);
  return new Model({
    inputs: x,
    outputs: rest.top(rest.drop(globalAveragePooling2d({ name: 'gap' })(y))),
  });
}

/** log p of a class minus log p of class 0 is the difference of their scores. */
async function scoreDifference(head: Model, inputs: SampleArray[], c: number): Promise<number> {
  const { data } = await head.predict(inputs);
  return Math.log(data[c]) - Math.log(data[0]);
}

describe('scoreGradient', () => {
  it('agrees with central differences in float64, past normalisation, dropout and a shortcut', async () => {
    const model = network();
    await shake(model, 1);
    const x = noise([1, 6, 5, 2], 9);
    const wanted = 2;
    const at = async (c: number) => scoreGradient(model, x, [c], 'inner', { makeExecutor });
    const [found, zero] = [await at(wanted), await at(0)];
    // The rest of the network, written down once more by hand, from the maps and the stem's output.
    const maps = input({ shape: [6, 5, 3], name: 'maps' });
    const start = input({ shape: [6, 5, 3], name: 'start' });
    const layer = (name: string) => model.getLayer(name);
    const y = activation('tanh')(add()([layer('bn')(maps), start]));
    const head = new Model({
      inputs: [maps, start],
      outputs: layer('top')(globalAveragePooling2d()(y)),
    });
    head.compile({ loss: 'mse', on: makeExecutor() });
    const [{ data: stem, shape }] = await featureMaps(model, x, ['stem'], {
      executor: 'reference',
    });
    const step = 2 ** -7;
    for (const i of [0, 1, 7, 44, 89]) {
      const shifted = async (by: number) => {
        const data = found.activation.slice();
        data[i] += by;
        const inputs = [
          { data, shape: found.shape },
          { data: stem, shape },
        ];
        return scoreDifference(head, inputs, wanted);
      };
      const numeric = ((await shifted(step)) - (await shifted(-step))) / (2 * step);
      const exact = found.gradient[i] - zero.gradient[i];
      const error = Math.abs(numeric - exact);
      assert.ok(
        error < 2e-4 * Math.max(0.05, Math.abs(exact)),
        `${i}: ${numeric} against ${exact}`,
      );
    }
    await head.dispose();
    await model.dispose();
  });

  it('before pooling and a dense layer it is exactly the weight by the number of pixels', async () => {
    clearNames();
    const model = findApplication('small-resnet').build({ inputShape: [16, 16, 1], classes: 5 });
    const x = noise([3, 16, 16, 1], 3);
    const layer = model.layers[model.layers.length - 3].name;
    const { shape, gradient } = await scoreGradient(model, x, [4, 0, 2], layer);
    assert.deepEqual(shape, [3, 4, 4, 64]);
    const [{ data: kernel }] = await model.getLayer('fc5').getWeights();
    [4, 0, 2].forEach((c, sample) => {
      for (let i = 0; i < 16 * 64; i++) {
        const expected = kernel[(i % 64) * 5 + c] / 16;
        assert.ok(Math.abs(gradient[sample * 16 * 64 + i] - expected) < 1e-7);
      }
    });
    await model.dispose();
  });

  it('leaves the model as it was: predictions, weights and what is trainable', async () => {
    const model = network();
    await shake(model, 5);
    model.getLayer('bn').trainable = false;
    // By kernels alone: a graph over constant weights, which later predictions may be, rounds otherwise.
    model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', graphs: false });
    const x = noise([2, 6, 5, 2], 4);
    const weights = () => Promise.all(model.layers.map((layer) => layer.getWeights()));
    const [before, weightsBefore] = [await model.predict(x), await weights()];
    const flags = model.layers.map((layer) => layer.trainable);
    await gradCam(model, x, { layer: 'inner' });
    assert.deepEqual(await weights(), weightsBefore);
    assert.deepEqual(await model.predict(x), before);
    assert.deepEqual(
      model.layers.map((layer) => layer.trainable),
      flags,
    );
    assert.ok(flags.includes(false) && flags.includes(true));
    await model.dispose();
  });
});

describe('gradCam', () => {
  it('weights the maps by their mean gradients and cuts off what is negative', async () => {
    const model = network();
    await shake(model, 7);
    const x = noise([2, 6, 5, 2], 8);
    const { maps, size, classes } = await gradCam(model, x, { layer: 'inner', classes: [1, 3] });
    const { activation: a, gradient: g } = await scoreGradient(model, x, [1, 3], 'inner');
    assert.deepEqual(
      [size, classes],
      [
        [6, 5],
        [1, 3],
      ],
    );
    const mean = (sample: number, c: number) => {
      let total = 0;
      for (let p = 0; p < 30; p++) total += g[(sample * 30 + p) * 3 + c];
      return total / 30;
    };
    for (const [sample, p] of [
      [0, 0],
      [0, 17],
      [1, 29],
    ]) {
      const weighted = [0, 1, 2].map((c) => mean(sample, c) * a[(sample * 30 + p) * 3 + c]);
      const expected = Math.max(
        0,
        weighted.reduce((sum, value) => sum + value, 0),
      );
      assert.ok(Math.abs(maps[sample][p] - expected) < 1e-5);
    }
    assert.ok(maps.some((map) => map.some((value) => value > 0)));
    await model.dispose();
  });

  it('chooses a layer that everything passes through', async () => {
    assert.equal(gradCamLayer(network()), 'end');
    clearNames();
    const resnet = findApplication('resnet50').build({ inputShape: [28, 28, 1], classes: 10 });
    const layer = gradCamLayer(resnet);
    const node = resnet.network.nodes.find((one) => one.layer.name === layer);
    assert.deepEqual(node?.outputs[0].sampleShape, [6, 6, 512]);
  });

  it('refuses what it cannot explain with a typed error', async () => {
    const model = network();
    const x = noise([1, 6, 5, 2], 8);
    await assert.rejects(gradCam(model, x, { layer: 'nowhere', classes: [0] }), UnknownNameError);
    await assert.rejects(gradCam(model, x, { layer: 'inner', classes: [4] }), ValueError);
    await assert.rejects(gradCam(model, x, { layer: 'gap', classes: [0] }), ShapeError);
    await assert.rejects(featureMaps(model, x, ['nowhere']), UnknownNameError);
  });
});
