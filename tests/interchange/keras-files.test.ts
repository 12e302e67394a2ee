import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedLayerClasses } from '../../src/interchange/keras/layer-options.js';
import { networkToConfig } from '../../src/network/config.js';
import {
  activation,
  adam,
  adamW,
  batchNormalization,
  conv2d,
  cosineDecay,
  createReferenceExecutor,
  decodeKeras,
  dense,
  encodeKeras,
  encodeKerasWeights,
  encodeLegacyH5,
  input,
  lamb,
  lambda,
  lion,
  loadKerasWeights,
  Model,
  matchKerasWeights,
  modelFormats,
  modelFromJson,
  modelToJson,
  rmsprop,
  sequential,
  sgd,
  warmUp,
  zeroPadding2d,
} from '../../src/node.js';
import { randomGraph } from '../interop/random-graphs.js';
import { buildModel } from '../layers/layer-row.js';
import { layerRows } from '../layers/layer-rows.js';
import { bytesOf, changedArchive, codecs, editConfig, trainedModel } from './keras-archives.js';
import { keras2Config } from './keras2-config.js';

async function assertSame(loaded: Model, model: Model): Promise<void> {
  assert.deepEqual(networkToConfig(loaded.network), networkToConfig(model.network));
  assert.deepEqual(await loaded.getWeights(), await model.getWeights());
}

const isLayerOfKeras = (className: string) =>
  className === 'InputLayer' || sharedLayerClasses.includes(className);

test('every layer in every setting comes back from .keras and .h5', async () => {
  for (const row of layerRows) {
    if (row.lambda !== undefined) continue;
    const model = await buildModel(row);
    for (const [ending, encode, decode] of codecs) {
      if (!isLayerOfKeras(row.className)) {
        await assert.rejects(encode(model), /cannot be written in Keras's format/);
        continue;
      }
      const loaded = await decode(bytesOf(await encode(model)));
      await assertSame(loaded, model).catch((error: Error) => {
        throw new Error(`${row.className} ${row.title} ${ending}: ${error.message}`);
      });
    }
  }
});

test('random graphs come back from .keras, .h5, JSON and weights', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const model = randomGraph(seed);
    for (const [, encode, decode] of codecs) {
      await assertSame(await decode(bytesOf(await encode(model))), model);
    }
    const other = modelFromJson(modelToJson(model));
    for (const { variable } of other.namedVariables)
      variable.write(new Float32Array(variable.size));
    await loadKerasWeights(other, bytesOf(await encodeKerasWeights(model)));
    await assertSame(other, model);
  }
});

test('optimizer, losses, metrics and state come back', async () => {
  const model = await trainedModel();
  const optimizers = [
    undefined,
    sgd({ momentum: 0.5, nesterov: true }),
    sgd(),
    adamW(),
    rmsprop({ centered: true, weightDecay: 0.5 }),
    lion(),
    lamb({ clipValue: 0.5, gradientAccumulationSteps: 3, useEma: true, emaOverwriteFrequency: 2 }),
  ];
  for (const optimizer of optimizers) {
    if (optimizer) {
      const loss = ['sparseCategoricalCrossentropy'] as const;
      const metrics = ['topKAccuracy', 'mse'] as const;
      model.compile({
        optimizer,
        loss,
        lossWeights: [0.5],
        metrics,
        on: createReferenceExecutor(),
      });
    }
    for (const [, encode, decode] of codecs) {
      const bytes = bytesOf(await encode(model));
      const loaded = await decode(bytes, { executor: 'reference' });
      assert.deepEqual(loaded.compileConfig(), model.compileConfig());
      const state = await loaded.optimizerState();
      assert.equal(state.iterations, (await model.optimizerState()).iterations);
      assert.equal((await decode(bytes, { compile: false })).compiled, false);
    }
  }
});

test('a learning-rate schedule comes back with the steps done; one that Keras lacks is refused', async () => {
  const model = await trainedModel();
  const on = createReferenceExecutor();
  const decay = cosineDecay({
    initialLearningRate: 0.1,
    decaySteps: 9,
    warmupTarget: 0.2,
    warmupSteps: 3,
  });
  model.compile({ optimizer: adam({ learningRate: decay }), loss: 'categoricalCrossentropy', on });
  const samples = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  await model.trainOnBatch(samples, { data: Uint8Array.of(0, 2), shape: [2], oneHot: 3 });
  for (const [, encode, decode] of codecs) {
    const loaded = await decode(bytesOf(await encode(model)), { executor: 'reference' });
    assert.deepEqual(loaded.compileConfig(), model.compileConfig());
    assert.deepEqual(await loaded.optimizerState(), await model.optimizerState());
    assert.equal(loaded.optimizer.learningRate, decay.at(1));
  }
  model.compile({ optimizer: sgd({ learningRate: warmUp(0.1, 3) }), loss: 'mse', on });
  for (const [, encode, decode] of codecs) {
    await assert.rejects(encode(model), /Keras has no learning-rate schedule 'warmUp'/);
    const bytes = bytesOf(await encode(model, { compile: false }));
    assert.equal((await decode(bytes)).compiled, false);
  }
  await loadKerasWeights(model, bytesOf(await encodeKerasWeights(model)));
});

test('losses with their options come back; labels that Keras does not smooth are refused', async () => {
  const model = await trainedModel();
  const on = createReferenceExecutor();
  const losses = [
    { name: 'categoricalCrossentropy', labelSmoothing: 0.1 },
    { name: 'categoricalFocalCrossentropy', gamma: 1.5, fromLogits: true },
    { name: 'binaryCrossentropy', labelSmoothing: 0.2 },
    { name: 'binaryFocalCrossentropy', applyClassBalancing: true },
    { name: 'huber', delta: 0.5 },
    { name: 'meanAbsoluteError' },
    { name: 'hinge' },
    { name: 'squaredHinge' },
  ];
  for (const loss of losses) {
    model.compile({ optimizer: 'sgd', loss, on });
    for (const [, encode, decode] of codecs) {
      const loaded = await decode(await bytesOf(await encode(model)), { executor: 'reference' });
      assert.deepEqual(loaded.compileConfig(), model.compileConfig());
    }
  }
  const smooth = { name: 'sparseCategoricalCrossentropy', labelSmoothing: 0.1 };
  model.compile({ optimizer: 'sgd', loss: smooth, on });
  await assert.rejects(encodeKeras(model), /Keras smooths no labels that are class indices/);
});

test('a sequential model stays one', async () => {
  const layers = [dense({ units: 2, name: 'a' }), dense({ units: 1, name: 'b' })];
  const model = sequential({ inputShape: [3], layers, name: 's' });
  assert.match(modelToJson(model), /"class_name":"Sequential"/);
  for (const [, encode, decode] of codecs) {
    const loaded = await decode(bytesOf(await encode(model)));
    await assertSame(loaded, model);
    assert.equal(modelToJson(loaded), modelToJson(model));
  }
});

test('a lambda and a loss of the user’s own are not written', async () => {
  const x = input({ shape: [2], name: 'x' });
  const model = new Model({ inputs: x, outputs: lambda((v) => v, { name: 'f' })(x) });
  await assert.rejects(encodeKeras(model), /layer 'f' is a Lambda/);
});

test('the first weight that does not fit is named with its path', async () => {
  const make = (units: number) => {
    const x = input({ shape: [4, 4, 1], name: 'x' });
    const y = conv2d({ filters: units, kernelSize: 3, name: 'stem' })(x);
    return new Model({ inputs: x, outputs: y, name: 'm' });
  };
  const bytes = bytesOf(await encodeKerasWeights(make(2)));
  const model = make(3);
  const before = await model.getWeights();
  await assert.rejects(
    loadKerasWeights(model, bytes, { source: 'w.weights.h5' }),
    /w\.weights\.h5 does not fit model 'm': layer 'stem' takes kernel of shape \[3, 3, 1, 3\] from 'layers\/conv2d\/vars\/0', but the file has shape \[3, 3, 1, 2\] there; 1 more/,
  );
  assert.deepEqual(await model.getWeights(), before);
  const matches = matchKerasWeights(model, bytes);
  assert.deepEqual(
    matches.map(({ path, fileShape }) => [path, fileShape]),
    [
      ['layers/conv2d/vars/0', [3, 3, 1, 2]],
      ['layers/conv2d/vars/1', [2]],
    ],
  );
});

test('strides, padding and epsilon of the file are compared, not only shapes', async () => {
  const make = ({ strides = 1, padding = 'valid', zeros = 0, epsilon = 1e-3 }) => {
    const x = input({ shape: [6, 6, 1], name: 'x' });
    const before = zeros === 0 ? x : zeroPadding2d({ padding: zeros, name: 'zeros' })(x);
    const options = { filters: 2, kernelSize: 3, strides, name: 'stem' };
    const y = conv2d({ ...options, padding: padding as 'valid' | 'same' })(before);
    return new Model({ inputs: x, outputs: batchNormalization({ epsilon, name: 'bn' })(y) });
  };
  const model = make({});
  const before = await model.getWeights();
  for (const encode of [encodeKeras, encodeLegacyH5]) {
    const refuses = async (other: Model, message: RegExp) => {
      const bytes = bytesOf(await encode(other));
      await assert.rejects(loadKerasWeights(model, bytes), message);
      assert.ok(matchKerasWeights(model, bytes).some(({ problem }) => problem !== undefined));
      assert.deepEqual(await model.getWeights(), before);
      await loadKerasWeights(make({}), bytes, { compareSettings: false });
    };
    const stem = /layer 'stem' takes kernel .* but the file's layer has /.source;
    await refuses(make({ strides: 2 }), new RegExp(`${stem}strides 2, 2, and this one 1, 1`));
    const padding = /padding \(top, bottom, left, right\) 1, 1, 1, 1, and this one 0, 0, 0, 0/
      .source;
    await refuses(make({ padding: 'same' }), new RegExp(stem + padding));
    await refuses(make({ zeros: 1 }), new RegExp(stem + padding));
    await refuses(make({ epsilon: 1e-5 }), /layer 'bn' takes gamma .* epsilon 0.00001, and this/);
    // The same zeros, written in two ways.
    const same = bytesOf(await encode(make({ padding: 'same' })));
    await loadKerasWeights(make({ zeros: 1 }), same);
  }
});

test('a config that no model can be made of is compared by layer name', async () => {
  const make = (strides: number) => {
    const x = input({ shape: [6, 6, 1], name: 'x' });
    const y = activation('relu', { name: 'act' })(
      conv2d({ filters: 2, kernelSize: 3, strides, name: 'stem' })(x),
    );
    return new Model({ inputs: x, outputs: y });
  };
  const change = editConfig((text) => text.replace('"Activation"', '"Lambda"'));
  const bytes = await changedArchive(make(2), change);
  await assert.rejects(loadKerasWeights(make(1), bytes), /strides \[2,2\], and this one \[1,1\]/);
  await loadKerasWeights(make(2), bytes);
});

test('the config of Keras 2 is read, calls as lists', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const model = randomGraph(seed);
    const json = keras2Config(modelToJson(model));
    assert.match(json, /"inbound_nodes":\[\[\["/);
    const loaded = modelFromJson(json);
    assert.deepEqual(networkToConfig(loaded.network), networkToConfig(model.network));
  }
});

test('sizes that a file leaves open are chosen when it is read', async () => {
  const x = input({ shape: [6, 5, 1], name: 'x' });
  const y = conv2d({ filters: 2, kernelSize: 3, name: 'stem' })(x);
  const change = editConfig((text) =>
    text.replace('"batch_shape":[null,6,5,1]', '"batch_shape":[null,null,null,1]'),
  );
  const bytes = await changedArchive(new Model({ inputs: x, outputs: y, name: 'm' }), change);
  await assert.rejects(decodeKeras(bytes), /choose them by inputShape \(--input-shape\)/);
  const loaded = await decodeKeras(bytes, { inputShape: [8, 9, 3] });
  assert.deepEqual(loaded.inputShapes, [[8, 9, 1]]);
  assert.deepEqual(loaded.outputShapes, [[6, 7, 2]]);
});

test('an inspection tells the options of layers in few words', async () => {
  const bytes = bytesOf(await encodeKeras(await trainedModel()));
  const format = modelFormats.find(({ name }) => name === 'keras');
  const [, { detail }] = (await format?.inspect(bytes, 'it'))?.layers ?? [];
  assert.equal(
    detail,
    'units 3, activation softmax, use_bias true, kernel_initializer GlorotUniform, bias_initializer Zeros',
  );
});
