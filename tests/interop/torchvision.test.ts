import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  countParameters,
  decodeSafetensors,
  exportModel,
  importModel,
  sgd,
  torchvision,
} from '../../src/node.js';
import { relativeError } from '../parity/relative-error.js';
import { PythonWorker } from './python-worker.js';

const VARIANTS = [
  'resnet18',
  'resnet34',
  'resnet50',
  'resnet101',
  'resnet152',
  'resnext50_32x4d',
  'resnext101_32x8d',
  'resnext101_64x4d',
  'wide_resnet50_2',
  'wide_resnet101_2',
] as const;
type Variant = (typeof VARIANTS)[number];

const OUTPUT_TOLERANCE = 1e-5;
const LOSS_TOLERANCE = 1e-4;
const LEARNING_RATE = 1e-4;
const inputShape = [64, 64, 3];

let python: PythonWorker;

before(async () => {
  python = await PythonWorker.start('torchvision_run.py');
});

after(() => python.stop());

async function arraysOf(path: string) {
  const { tensors } = decodeSafetensors(await readFile(path), { source: path });
  return (name: string) => {
    const { data, shape } = tensors.get(name) ?? assert.fail(`${path} lacks ${name}`);
    assert.ok(data instanceof Float32Array);
    return { data, shape };
  };
}

/** Float32 may err twice as much as the other framework's own does, or by the tolerance. */
function assertClose(
  found: Float32Array,
  { float32, float64 }: { float32: Float32Array; float64: Float32Array },
  what: string,
) {
  const allowed = Math.max(OUTPUT_TOLERANCE, 2 * relativeError(float32, float64));
  const error = relativeError(found, float64);
  console.log(
    `${what}: relative error ${error.toExponential(1)}, ${allowed.toExponential(1)} allowed`,
  );
  assert.ok(error <= allowed, `${what} differ by ${error}, ${allowed} allowed`);
}

async function compareVariant(variant: Variant, folder: string): Promise<void> {
  const { parameters } = await python.ask({ command: 'make', variant, folder });
  const run = await arraysOf(join(folder, 'run.safetensors'));
  const model = await importModel(join(folder, 'weights.safetensors'), {
    architecture: () => torchvision[variant]({ inputShape, classes: 10, initializer: 'zeros' }),
  });
  assert.equal(countParameters(model.network).trainable, parameters);
  model.compile({
    optimizer: sgd({ learningRate: LEARNING_RATE }),
    loss: 'categoricalCrossentropy',
  });
  const [x, labels] = [run('x'), run('labels')];
  const reference = { float32: run('float32').data, float64: run('float64').data };
  assertClose((await model.predict(x)).data, reference, `${variant} imported, outputs`);
  const losses: number[] = [];
  for (const expected of run('losses').data) {
    const { loss } = await model.trainOnBatch(x, labels);
    losses.push(loss);
    const error = Math.abs(loss - expected) / expected;
    assert.ok(error <= LOSS_TOLERANCE, `loss ${loss}, ${expected} in PyTorch`);
  }
  assert.equal(losses.length, 5);
  const path = join(folder, 'ours.torch.safetensors');
  await exportModel(model, path, { format: 'torch' });
  const { data } = await model.predict(x);
  await model.dispose();
  await python.ask({ command: 'check', variant, folder });
  const checked = await arraysOf(join(folder, 'checked.safetensors'));
  const theirs = { float32: checked('float32').data, float64: checked('float64').data };
  assertClose(data, theirs, `${variant} exported, outputs`);
}

test('weights of torchvision in, five steps on, and out again', async (t) => {
  for (const variant of VARIANTS) {
    await t.test(variant, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'residuum-torch-'));
      try {
        await compareVariant(variant, folder);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

test('the variant is recognised by the names and shapes in the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-torch-'));
  try {
    const path = join(folder, 'weights.torch.safetensors');
    const model = torchvision.resnext50_32x4d({ classes: 7, inputShape: [32, 32, 3] });
    const { receipt } = await exportModel(model, path, { format: 'torch' });
    await model.dispose();
    const found = await importModel(path);
    assert.equal(found.name, 'resnext50_32x4d');
    assert.deepEqual([...found.inputShapes, ...found.outputShapes], [[224, 224, 3], [7]]);
    const code = ['import os', `os.chdir(${JSON.stringify(folder)})`, ...receipt.python].join('\n');
    const difference = Number((await python.ask({ command: 'run', code })).printed);
    assert.ok(difference <= 1e-5, `the receipt's recheck differs by ${difference}`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
