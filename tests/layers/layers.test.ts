import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { InputLayer } from '../../src/layers/input-layer.js';
import { Layer } from '../../src/layers/layer.js';
import * as library from '../../src/library.js';
import { Model } from '../../src/models/model.js';
import { decodeModel, encodeModel } from '../../src/models/model-file.js';
import { networkToConfig } from '../../src/network/config.js';
import { networkFromConfig } from '../../src/network/config-loading.js';
import { createCpuExecutor } from '../../src/node/cpu-executor.js';
import type { Executor } from '../../src/runtime/executor.js';
import { createReferenceExecutor } from '../../src/runtime/reference/reference-executor.js';
import { sgd } from '../../src/training/optimizers.js';
import { assertClose } from '../conformance/compare-results.js';
import { normals } from '../conformance/test-data.js';
import { buildModel, CLASSES, type LayerRow, SUBJECT } from './layer-row.js';
import { layerRows } from './layer-rows.js';

/** Largest ‖actual − expected‖₂ / max(‖expected‖₂, 1e-6) of the loss and of every array. */
const TOLERANCE = 1e-4;
/** One sample leaves the second replica idle; five do not divide. */
const BATCHES = [1, 5];

// A variable, since the optional package may be absent when this is compiled.
const optionalPackage: string = 'onnxruntime-node';
const providers = await import(optionalPackage).then(
  () => ['wasm', 'onnxruntime'] as const,
  () => ['wasm'] as const,
);

const executors = new Map<string, Executor>();

for (const gemm of providers) {
  for (const replicas of [1, 2]) {
    executors.set(`cpu ${gemm} × ${replicas}`, await createCpuExecutor({ gemm, replicas }));
  }
}

after(async () => {
  for (const executor of executors.values()) await executor.dispose();
});

interface Samples {
  x: { data: Float32Array; shape: number[] }[];
  y: { data: Float32Array; shape: number[] };
}

function samplesOf(model: Model, batch: number): Samples {
  const x = model.inputShapes.map((sample, i) => {
    const shape = [batch, ...sample];
    return {
      shape,
      data: normals(
        `input ${i}`,
        shape.reduce((a, b) => a * b, 1),
      ),
    };
  });
  const data = new Float32Array(batch * CLASSES);
  for (let n = 0; n < batch; n++) data[n * CLASSES + ((2 * n + 1) % CLASSES)] = 1;
  return { x, y: { data, shape: [batch, CLASSES] } };
}

/** Loss, gradients and weights of one step of training. */
async function trainOnce(row: LayerRow, executor: Executor, batch: number) {
  const model = await buildModel(row);
  model.compile({
    loss: 'categoricalCrossentropy',
    optimizer: sgd({ learningRate: 0.1 }),
    on: executor,
  });
  const { x, y } = samplesOf(model, batch);
  const { loss } = await model.trainOnBatch(x, y);
  const arrays = new Map<string, Float32Array>([['loss', Float32Array.of(loss)]]);
  for (const [name, values] of await model.gradients()) arrays.set(`gradient of ${name}`, values);
  for (const { entry, variable } of model.namedVariables) arrays.set(entry, await variable.read());
  return arrays;
}

async function checkStructure(row: LayerRow): Promise<void> {
  const model = await buildModel(row);
  const layer = model.getLayer(SUBJECT);
  assert.equal(layer.className, row.className);
  assert.equal(layer.countParams(), row.parameters);
  const produced = model.network.nodes.find((node) => node.layer === layer);
  const output = layer instanceof InputLayer ? layer.output : produced?.outputs[0];
  assert.deepEqual(output?.sampleShape, row.output);

  const config: unknown = JSON.parse(JSON.stringify(networkToConfig(model.network)));
  const lambdas = row.lambda && { [SUBJECT]: row.lambda };
  const network = networkFromConfig(config, { lambdas });
  assert.deepEqual(JSON.parse(JSON.stringify(networkToConfig(network))), config);
}

async function checkFile(row: LayerRow): Promise<void> {
  const model = await buildModel(row);
  const loss = 'categoricalCrossentropy';
  model.compile({ loss, optimizer: 'adam', on: createReferenceExecutor() });
  const { x, y } = samplesOf(model, 3);
  await model.trainOnBatch(x, y);
  const chunks = await encodeModel(model);
  const lambdas = row.lambda && { [SUBJECT]: row.lambda };
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  const loaded = await decodeModel(bytes, { lambdas });
  assert.equal(loaded.getLayer(SUBJECT).trainable, model.getLayer(SUBJECT).trainable);
  loaded.compile({ loss, on: createReferenceExecutor() });
  assert.deepEqual(await loaded.predict(x), await model.predict(x));
  await loaded.dispose();
  await model.dispose();
}

for (const row of layerRows) {
  describe(`${row.className}, ${row.title}`, () => {
    test('shape, weights and config', () => checkStructure(row));
    test('saved and loaded, it predicts the same bits', () => checkFile(row));
    for (const batch of BATCHES) {
      test(`one step of training on ${batch}, against the float64 reference`, async () => {
        const reference = createReferenceExecutor({ precision: 'float64' });
        const expected = await trainOnce(row, reference, batch);
        for (const [label, executor] of executors) {
          const actual = await trainOnce(row, executor, batch);
          assert.deepEqual([...actual.keys()], [...expected.keys()]);
          for (const [name, values] of expected) {
            assertClose(actual.get(name) ?? [], values, {
              compare: 'relative',
              tolerance: TOLERANCE,
              label: `${label}: ${name}`,
            });
          }
        }
      });
    }
  });
}

test('every layer has a row', () => {
  const models: unknown[] = [Layer, Model, library.Sequential];
  const classes = Object.entries(library).filter(([, member]) => {
    return typeof member === 'function' && member.prototype instanceof Layer;
  });
  const names = classes.filter(([, member]) => !models.includes(member)).map(([name]) => name);
  const covered = new Set(layerRows.map((row) => row.className));
  assert.deepEqual(
    names.filter((name) => !covered.has(name)),
    [],
  );
});
