import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  ArrayDataset,
  activation,
  add,
  dense,
  gradientFlow,
  input,
  lambda,
  Model,
  ops,
  rewire,
  sgd,
  UnknownNameError,
  ValueError,
} from '../../src/node.js';
import { CLASSES, denseModel, IMAGE, residualModel, samples, weightsOf } from './small-models.js';

const compileOptions = {
  loss: 'categoricalCrossentropy',
  optimizer: sgd({ learningRate: 0.1 }),
} as const;

function dataset(count: number, shape: readonly number[]): ArrayDataset {
  const [inputs, targets] = samples(count, shape);
  return new ArrayDataset({ inputs, targets });
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  let [error, size] = [0, 1e-12];
  for (let i = 0; i < actual.length; i++) {
    error += (actual[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  assert.ok(Math.sqrt(error / size) < tolerance, `relative error ${Math.sqrt(error / size)}`);
}

suite('probe', () => {
  test('gradients of weights are those of the training step on the same batch', async () => {
    for (const replicas of [1, 2]) {
      const data = dataset(10, IMAGE);
      const model = residualModel();
      model.compile({ ...compileOptions, replicas });
      const { weights, loss } = await model.probe(data, { layers: ['stem', 'bn2', 'head'] });
      const history = await model.fit(data, { batchSize: 10, shuffle: false, verbose: false });
      close([loss], history.history.loss);
      const trained = await model.gradients();
      assert.deepEqual([...weights.keys()], [...trained.keys()]);
      for (const [name, gradient] of trained) {
        // A bias before a normalisation has a gradient of exactly zero, but noise where its output is looked at.
        if (name !== 'stem/bias') close(gradient, weights.get(name) ?? []);
      }
      await model.dispose();
    }
  });

  test('probabilities have the gradient of the loss of them, and the weights theirs as without', async () => {
    for (const replicas of [1, 2]) {
      const data = dataset(10, [4]);
      const model = denseModel();
      model.compile({ ...compileOptions, replicas });
      const { layers, weights } = await model.probe(data, { layers: ['head'] });
      const head = layers.get('head');
      assert.ok(head !== undefined);
      const { data: labels } = samples(10, [4])[1];
      // d/dp of the mean of −log(p[label] / Σ p), where Σ p is 1.
      const expected = head.activation.map((p, i) => {
        const isLabel = labels[Math.floor(i / CLASSES)] === i % CLASSES;
        return (1 - (isLabel ? 1 / p : 0)) / 10;
      });
      close(head.gradient, expected);
      const plain = await model.probe(data);
      assert.deepEqual(weights, plain.weights);
      await model.dispose();
    }
  });

  test('changes nothing', async () => {
    const data = dataset(6, IMAGE);
    const model = residualModel();
    model.compile(compileOptions);
    const before = await weightsOf(model);
    await model.probe(data, { layers: ['conv1'] });
    assert.deepEqual(await weightsOf(model), before);
    assert.equal((await model.optimizerState()).iterations, 0);
    await model.dispose();
  });

  test('the gradient of a bias is the column sum of the gradient of its layer', async () => {
    const data = dataset(8, [4]);
    const model = denseModel();
    model.compile({ ...compileOptions, replicas: 2 });
    const { layers, weights } = await model.probe(data, { layers: ['features', 'head', 'hidden'] });
    const head = layers.get('head');
    const features = layers.get('features');
    assert.ok(head && features);
    assert.deepEqual(head.shape, [8, 3]);
    assert.deepEqual(features.shape, [8, 4]);
    const inputs = new Float32Array(8 * 4);
    data.gather(
      Uint32Array.from({ length: 8 }, (_, i) => i),
      [inputs],
      [new Float32Array(8 * 3)],
    );
    assert.deepEqual(features.activation, inputs);
    for (let row = 0; row < 8; row++) {
      const sum = head.activation.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5);
    }
    // tanh′ = 1 − y², so the layer's own pre-activation gradient sums to that of the bias.
    const hidden = layers.get('hidden');
    assert.ok(hidden);
    const columns = new Float64Array(6);
    hidden.gradient.forEach((g, i) => {
      columns[i % 6] += g * (1 - hidden.activation[i] ** 2);
    });
    close(columns, weights.get('hidden/bias') ?? []);
    // And the gradient of the input is that of the pre-activation through the kernel.
    const kernel = (await model.getLayer('hidden').getWeights())[0].data;
    const expected = features.gradient.map((_, i) => {
      const [row, feature] = [Math.floor(i / 4), i % 4];
      let sum = 0;
      for (let unit = 0; unit < 6; unit++) {
        const at = row * 6 + unit;
        sum += hidden.gradient[at] * (1 - hidden.activation[at] ** 2) * kernel[feature * 6 + unit];
      }
      return sum;
    });
    close(features.gradient, expected);
    await model.dispose();
  });

  test('an unknown layer is named', async () => {
    const model = denseModel();
    model.compile(compileOptions);
    await assert.rejects(model.probe(dataset(4, [4]), { layers: ['hiden'] }), UnknownNameError);
    await model.dispose();
  });
});

suite('gradientFlow', () => {
  test('sees norms of weights, gradients and updates, and leaves training as it is', async () => {
    const data = dataset(20, IMAGE);
    const run = async (watch: boolean) => {
      const model = residualModel();
      model.compile(compileOptions);
      const flow = gradientFlow({ data, layers: ['conv1'], every: 2 });
      const callbacks = watch ? [flow] : [];
      await model.fit(data, { batchSize: 4, epochs: 2, callbacks, verbose: false, seed: 3 });
      const weights = await weightsOf(model);
      await model.dispose();
      return { weights, flow };
    };
    const [watched, alone] = [await run(true), await run(false)];
    assert.deepEqual(watched.weights, alone.weights);
    const { records } = watched.flow;
    assert.deepEqual(
      records.map(({ step }) => step),
      [0, 2, 4, 6, 8],
    );
    const [first] = records;
    assert.ok(first.layers.conv1.gradient.rms > 0 && first.layers.conv1.activation.rms > 0);
    const { weight, update, gradient } = first.weights['head/kernel'];
    assert.ok(weight > 0 && gradient.norm > 0 && update !== undefined && update > 0);
    const [low, , median, , high] = gradient.quantiles;
    assert.ok(low <= median && median <= high && high <= gradient.norm);
  });

  test('without samples it tells of the gradients of the steps themselves', async () => {
    const data = dataset(8, [4]);
    const run = async (replicas: number, flow = gradientFlow({ every: 2 })) => {
      const model = denseModel();
      model.compile({ ...compileOptions, replicas });
      const seen: Map<string, Float32Array>[] = [];
      const look = { onTrainBatchEnd: async () => void seen.push(await model.gradients()) };
      await model.fit(data, { batchSize: 4, epochs: 2, callbacks: [flow, look], verbose: false });
      await model.dispose();
      return { flow, seen };
    };
    for (const replicas of [1, 2]) {
      const { flow, seen } = await run(replicas);
      assert.deepEqual(
        flow.records.map(({ step, loss, layers }) => [step, loss, layers]),
        [0, 2].map((step) => [step, undefined, {}]),
      );
      for (const { step, weights } of flow.records) {
        assert.deepEqual(Object.keys(weights), [...seen[step].keys()]);
        for (const [name, { gradient, update }] of Object.entries(weights)) {
          const norm = Math.hypot(...(seen[step].get(name) ?? []));
          assert.ok(norm > 0 && Math.abs(gradient.norm - norm) <= 1e-6 * norm, name);
          // Plain SGD moves a weight by the learning rate times its gradient.
          assert.ok(Math.abs((update ?? 0) - 0.1 * norm) <= 1e-4 * norm, name);
        }
      }
    }
    assert.throws(() => gradientFlow({ layers: ['hidden'] }), ValueError);
  });

  test('with the batch itself the update of plain SGD is the learning rate times the gradient', async () => {
    const data = dataset(4, [4]);
    const model = denseModel();
    model.compile(compileOptions);
    const flow = gradientFlow({ data, every: 1 });
    await model.fit(data, { batchSize: 4, epochs: 2, callbacks: [flow], verbose: false });
    for (const { weights } of flow.records) {
      for (const { update = 0, gradient } of Object.values(weights)) {
        assert.ok(Math.abs(update - 0.1 * gradient.norm) < 1e-4 * gradient.norm);
      }
    }
    await model.dispose();
  });

  test('every must be a count', () => {
    assert.throws(() => gradientFlow({ data: dataset(1, [4]), every: 0 }), ValueError);
  });
});

suite('stopGradient and rewire', () => {
  test('no gradient passes a stopped value', async () => {
    const x = input({ shape: [4] });
    const hidden = dense({ units: 4, name: 'hidden' })(x);
    const stopped = lambda((value) => ops.stopGradient(value))(hidden);
    const outputs = dense({ units: 3, name: 'head', activation: 'softmax' })(stopped);
    const model = new Model({ inputs: x, outputs });
    model.compile(compileOptions);
    const { weights } = await model.probe(dataset(5, [4]));
    assert.ok((weights.get('hidden/kernel') ?? [1]).every((g) => g === 0));
    assert.ok((weights.get('head/kernel') ?? []).some((g) => g !== 0));
    await model.dispose();
  });

  test('the stopped half of a sum leaves the gradient of the other half', async () => {
    const build = (stop: boolean) => {
      const x = input({ shape: [4] });
      const half = lambda((value) => (stop ? ops.stopGradient(value) : ops.affine(value, 0)))(x);
      const y = add()([
        dense({ units: 4, name: stop ? 's' : 't', kernelInitializer: 'ones' })(x),
        half,
      ]);
      const model = new Model({ inputs: x, outputs: activation('linear')(y) });
      model.compile({ loss: 'meanSquaredError' });
      return model;
    };
    const data = new ArrayDataset({
      inputs: { data: Float32Array.from([1, 2, 3, 4]), shape: [1, 4] },
      targets: { data: Float32Array.from([0, 0, 0, 0]), shape: [1, 4] },
    });
    const model = build(true);
    const { layers } = await model.probe(data, { layers: [model.inputNames[0]] });
    // y = [11, 12, 13, 14]; loss = mean y²; dy = y / 2; dx = Σ dy through the ones alone.
    close(layers.get(model.inputNames[0])?.gradient ?? [], [25, 25, 25, 25]);
    await model.dispose();
  });

  test('a rewired model leaves layers out and shares the others', async () => {
    const model = residualModel({ rate: 0 });
    const without = rewire(model, (layer, inputs) =>
      layer.name === 'bn2' ? inputs[0] : undefined,
    );
    assert.ok(!without.layers.some(({ name }) => name === 'bn2'));
    assert.equal(without.getLayer('conv2'), model.getLayer('conv2'));
    const [x] = samples(3, IMAGE);
    const same = rewire(model, () => undefined);
    assert.deepEqual(await same.predict(x), await model.predict(x));
    assert.notDeepEqual((await without.predict(x)).data, (await model.predict(x)).data);
    for (const one of [model, without, same]) await one.dispose();
  });
});
