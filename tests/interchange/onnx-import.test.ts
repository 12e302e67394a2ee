import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeOnnx } from '../../src/formats/onnx/decode-onnx.js';
import { encodeOnnx } from '../../src/formats/onnx/encode-onnx.js';
import type { OnnxNode } from '../../src/formats/onnx/onnx-model.js';
import {
  exportOnnx,
  FormatError,
  importOnnx,
  type Model,
  resnet50,
  seededInput,
  setRandomSeed,
} from '../../src/node.js';
import { relativeError } from '../parity/relative-error.js';
import { onnxNetworks, scatterWeights } from './onnx-networks.js';

/** ‖of the imported − of the exported‖₂ / ‖of the exported‖₂; folding rounds the weights once more. */
const TOLERANCE = 1e-5;
const REFUSED = 'functions of the user';

async function outputsOf(model: Model): Promise<{ data: Float32Array; shape: number[] }[]> {
  const inputs = model.inputShapes.map((shape, i) => {
    const full = [2, ...shape];
    return { data: seededInput(full, 1000 * i), shape: full };
  });
  return model.predictAll(inputs, { batchSize: 2 });
}

/** Exports, imports and compares; gives the imported model. */
async function roundTrip(model: Model, foldBatchNorm: boolean): Promise<Model> {
  const expected = await outputsOf(model);
  const imported = importOnnx(await exportOnnx(model, { foldBatchNorm }));
  const found = await outputsOf(imported);
  assert.equal(found.length, expected.length);
  found.forEach(({ data, shape }, i) => {
    assert.deepEqual(shape, expected[i].shape);
    const error = relativeError(data, expected[i].data);
    assert.ok(error <= TOLERANCE, `output ${i} differs by ${error}`);
  });
  return imported;
}

suite('what we export to ONNX comes back', () => {
  for (const [name, make] of Object.entries(onnxNetworks)) {
    if (name === REFUSED) continue;
    test(name, async () => {
      setRandomSeed(1);
      const model = await scatterWeights(make(), 2);
      for (const fold of [false, true]) await (await roundTrip(model, fold)).dispose();
      await model.dispose();
    });
  }

  test('functions of the user are refused by node', async () => {
    const bytes = await exportOnnx(onnxNetworks[REFUSED]());
    assert.throws(
      () => importOnnx(bytes, { source: 'f.onnx' }),
      (error: Error) => {
        assert.ok(error instanceof FormatError);
        assert.match(error.message, /^f\.onnx: node 'lambda\S*' \(\w+\): /);
        return true;
      },
    );
  });

  test('the ResNet-50 of the article, with its names, and it trains', async () => {
    setRandomSeed(3);
    const model = await scatterWeights(resnet50({ inputShape: [28, 28, 1], classes: 10 }), 4);
    const imported = await roundTrip(model, false);
    const names = (one: Model) => one.namedVariables.map(({ entry }) => entry).sort();
    assert.deepEqual(names(imported), names(model));
    imported.compile({ loss: 'categoricalCrossentropy' });
    const x = { data: seededInput([4, 28, 28, 1], 0), shape: [4, 28, 28, 1] };
    const y = { data: Uint8Array.of(1, 2, 3, 4), shape: [4], oneHot: 10 };
    const first = await imported.trainOnBatch(x, y);
    const second = await imported.trainOnBatch(x, y);
    assert.ok(second.loss < first.loss, `${second.loss} after ${first.loss}`);
    await imported.dispose();
    await model.dispose();
  });
});

test('weights that two calls share come back as one layer', () => {
  return exportOnnx(onnxNetworks['weights shared by two calls']()).then((bytes) => {
    const imported = importOnnx(bytes);
    assert.equal(imported.layers.filter(({ className }) => className === 'Conv2D').length, 1);
    assert.equal(
      imported.layers.filter(({ className }) => className === 'BatchNormalization').length,
      1,
    );
  });
});

test('weights in Constant nodes, as some exporters write them', async () => {
  for (const name of ['a residual block with padding and normalisation', 'flattened images']) {
    const model = await scatterWeights(onnxNetworks[name](), 3);
    const file = decodeOnnx(await exportOnnx(model), 'it');
    const { initializers, nodes } = file.graph;
    assert.ok(initializers.length > 3);
    const constants = initializers.map((value): OnnxNode => {
      const attributes = new Map([['value', { kind: 'tensor', value } as const]]);
      const outputs = [value.name];
      return { name: '', opType: 'Constant', domain: '', inputs: [], outputs, attributes };
    });
    const graph = { ...file.graph, initializers: [], nodes: [...constants, ...nodes] };
    const imported = importOnnx(new Uint8Array(Buffer.concat(encodeOnnx({ ...file, graph }))));
    assert.deepEqual(await outputsOf(imported), await outputsOf(model));
  }
});
