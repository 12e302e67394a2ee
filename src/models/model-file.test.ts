import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../core/errors.js';
import type { SampleArray } from '../data/array-dataset.js';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js';
import { dense } from '../layers/dense.js';
import { input } from '../layers/input-layer.js';
import { subtract } from '../ops/binary.js';
import type { Value } from '../ops/ir.js';
import { mean } from '../ops/reduce.js';
import { abs } from '../ops/unary.js';
import { createReferenceExecutor } from '../runtime/reference/reference-executor.js';
import { topKAccuracy } from '../training/metrics.js';
import { sgd } from '../training/optimizers.js';
import { Model } from './model.js';
import { decodeModel, encodeModel } from './model-file.js';
import type { CompileOptions } from './model-options.js';

const x: SampleArray = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] };
const y: SampleArray = { data: Uint8Array.of(0, 1, 2), shape: [3], oneHot: 3 };

function newModel(options?: Partial<CompileOptions>): Model {
  const inputs = input({ shape: [2], name: 'x' });
  const outputs = dense({ units: 3, activation: 'softmax', name: 'head' })(inputs);
  const model = new Model({ inputs, outputs, name: 'model' });
  if (options !== undefined) {
    const on = createReferenceExecutor();
    model.compile({ loss: 'categoricalCrossentropy', on, ...options });
  }
  return model;
}

async function bytesOf(model: Model): Promise<Uint8Array> {
  const chunks = await encodeModel(model);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** The bytes with other metadata. */
async function withMetadata(
  bytes: Uint8Array,
  change: (metadata: Record<string, string>) => void,
): Promise<Uint8Array> {
  const { tensors, metadata } = decodeSafetensors(bytes, { source: 'test' });
  const changed = { ...metadata };
  change(changed);
  const inputs = [...tensors].map(([name, { shape, data }]) => {
    return [name, { shape: [...shape], data: data as Float32Array }] as const;
  });
  const chunks = encodeSafetensors(new Map(inputs), changed);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

test('a model that was never compiled comes back uncompiled', async () => {
  const model = newModel();
  const loaded = await decodeModel(await bytesOf(model));
  assert.equal(loaded.compiled, false);
  assert.deepEqual(await loaded.getWeights(), await model.getWeights());
});

test('loss, weights, metrics and optimizer come back with their options', async () => {
  const model = newModel({
    loss: ['sparseCategoricalCrossentropy'],
    lossWeights: [0.5],
    metrics: ['accuracy', topKAccuracy({ k: 2, name: 'topTwo' })],
    optimizer: sgd({ learningRate: 0.125, momentum: 0.5, nesterov: true }),
  });
  const config = model.compileConfig();
  const loaded = await decodeModel(await bytesOf(model), { executor: 'reference' });
  assert.deepEqual(loaded.compileConfig(), config);
});

test('a loss of the user’s own is left out, whatever its name', async () => {
  const mse = (p: Value, t: Value): Value => mean(abs(subtract(p, t)), [1]);
  const model = newModel({ loss: mse });
  await model.trainOnBatch(x, y);
  const loaded = await decodeModel(await bytesOf(model));
  assert.equal(loaded.compiled, false);
  assert.deepEqual(await loaded.getWeights(), await model.getWeights());
  loaded.compile({ loss: mse, on: createReferenceExecutor() });
  assert.deepEqual(await loaded.testOnBatch(x, y), await model.testOnBatch(x, y));
});

const damages: Record<string, (metadata: Record<string, string>) => void> = {
  'another format': (m) => {
    m.format = 'pt';
  },
  'a later version': (m) => {
    m.version = '2';
  },
  'a graph that is no JSON': (m) => {
    m.model = '{';
  },
  'a graph without layers': (m) => {
    m.model = '{}';
  },
  'another number of units': (m) => {
    m.model = m.model.replace('"units":3', '"units":4');
  },
  'an unknown layer': (m) => {
    m.model = m.model.replace('"Dense"', '"Dennse"');
  },
  'a rate below 0': (m) => {
    m.compile = m.compile.replace('"learningRate":0.001', '"learningRate":-1');
  },
  'a rate that is a word': (m) => {
    m.compile = m.compile.replace('"learningRate":0.001', '"learningRate":"fast"');
  },
  'losses for two outputs': (m) => {
    const compile = JSON.parse(m.compile) as { outputs: unknown[] };
    m.compile = JSON.stringify({ ...compile, outputs: [...compile.outputs, ...compile.outputs] });
  },
  'a number of steps below 0': (m) => {
    m.iterations = '-1';
  },
};

for (const [title, change] of Object.entries(damages)) {
  test(`refuses ${title}`, async () => {
    const model = newModel({ optimizer: 'adam' });
    await model.trainOnBatch(x, y);
    const bytes = await bytesOf(model);
    const damaged = await withMetadata(bytes, change);
    assert.notDeepEqual(damaged, bytes);
    await assert.rejects(decodeModel(damaged, { source: 'm.safetensors' }), FormatError);
  });
}
