import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeOnnx } from '../../src/formats/onnx/decode-onnx.js';
import { runOnnx } from '../../src/node/run-onnx.js';
import {
  exportOnnx,
  input,
  lambda,
  Model,
  ops,
  resnet50,
  seededInput,
  setRandomSeed,
  ValueError,
} from '../../src/node.js';
import { relativeError } from '../parity/relative-error.js';
import { onnxNetworks, scatterWeights } from './onnx-networks.js';

/** ‖ours − ONNX Runtime's‖₂ / ‖ONNX Runtime's‖₂. */
const TOLERANCE = 1e-5;

async function compare(model: Model, foldBatchNorm: boolean, batch: number): Promise<void> {
  const inputs = model.inputShapes.map((shape, i) => {
    const full = [batch, ...shape];
    return { data: seededInput(full, 1000 * i), shape: full };
  });
  const expected = await runOnnx(await exportOnnx(model, { foldBatchNorm }), inputs);
  const found = await model.predictAll(inputs, { batchSize: batch });
  assert.equal(found.length, expected.length);
  found.forEach(({ data, shape }, i) => {
    assert.deepEqual(shape, [...expected[i].shape]);
    const error = relativeError(data, expected[i].data);
    assert.ok(error <= TOLERANCE, `output ${i} differs by ${error}`);
  });
}

suite('ONNX Runtime computes what the model computes', () => {
  for (const [name, make] of Object.entries(onnxNetworks)) {
    test(name, async () => {
      setRandomSeed(1);
      const model = await scatterWeights(make(), 2);
      try {
        await compare(model, false, 1);
        await compare(model, true, 3);
      } finally {
        await model.dispose();
      }
    });
  }

  test('the ResNet-50 of the article', async () => {
    setRandomSeed(3);
    const model = await scatterWeights(resnet50({ inputShape: [28, 28, 1], classes: 10 }), 4);
    try {
      await compare(model, false, 2);
      await compare(model, true, 2);
    } finally {
      await model.dispose();
    }
  });
});

test("the article's network needs one transposition, and none of its normalisations when folded", async () => {
  const model = resnet50({ inputShape: [28, 28, 1], classes: 10 });
  const operators = async (foldBatchNorm: boolean) => {
    const { graph } = decodeOnnx(await exportOnnx(model, { foldBatchNorm }), 'test');
    const counts: Record<string, number> = {};
    for (const { opType } of graph.nodes) counts[opType] = (counts[opType] ?? 0) + 1;
    return counts;
  };
  const layers = { Conv: 53, Relu: 49, Add: 16, MaxPool: 1, AveragePool: 1, Gemm: 1, Softmax: 1 };
  const shared = { ...layers, Transpose: 1, Reshape: 1 };
  assert.deepEqual(await operators(false), { ...shared, BatchNormalization: 53 });
  assert.deepEqual(await operators(true), shared);
});

test('what depends on the size of the batch is refused by layer', async () => {
  const inputs = input({ shape: [3] });
  const outputs = lambda((x) => ops.affine(x, 1 / x.shape[0]), { name: 'share' })(inputs);
  await assert.rejects(exportOnnx(new Model({ inputs, outputs })), (error: Error) => {
    assert.ok(error instanceof ValueError);
    assert.match(error.message, /layer 'share' computes with the size of the batch/);
    return true;
  });
});
