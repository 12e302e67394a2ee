import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import {
  applications,
  clearNames,
  exportModel,
  exportOnnx,
  importOnnx,
  loadDataset,
  type Model,
  type Prediction,
  resnet50,
  seededInput,
  setRandomSeed,
  smallResnet,
} from '../../src/node.js';
import { onnxNetworks, scatterWeights } from '../interchange/onnx-networks.js';
import { relativeError } from '../parity/relative-error.js';
import { pythonWithFrameworks } from './python-environment.js';
import { PythonWorker } from './python-worker.js';
import { randomGraph } from './random-graphs.js';

/** ‖found − expected‖₂ / ‖expected‖₂ of every output. */
const TOLERANCE = 1e-5;
const RANDOM_GRAPHS = 100;
/** Pixels of the images that the large networks get: one is left of each side in the last stage. */
const IMAGE = { imagenet: [32, 32, 3], cifar: [16, 16, 3] };
/** Larger networks than this take minutes; they are tested where `RESIDUUM_INTEROP_LARGE` is set. */
const MOST_PARAMETERS = process.env.RESIDUUM_INTEROP_LARGE === undefined ? 30e6 : Infinity;

/** Below this, workers would take longer to start than the network to run. */
const FEW_PARAMETERS = 1e5;

const useReference = (model: Model) =>
  model.compile({ loss: 'meanSquaredError', executor: 'reference' });

interface FileArray {
  path: string;
  shape: number[];
}

interface Foreign {
  path: string;
  inputs: FileArray[];
  outputs: FileArray[];
  ownError: number;
}

suite('ONNX, with the real onnx, ONNX Runtime and PyTorch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'residuum-onnx-'));
  let python: PythonWorker;

  before(async () => {
    python = await PythonWorker.start('onnx_worker.py');
  });

  after(async () => {
    await python.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function writeArray(name: string, { data, shape }: Prediction): FileArray {
    const path = join(folder, name);
    writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { path, shape };
  }

  function readArray({ path, shape }: FileArray): { data: Float32Array; shape: number[] } {
    return { data: new Float32Array(new Uint8Array(readFileSync(path)).buffer), shape };
  }

  function inputsOf(model: Model, batch: number): Prediction[] {
    return model.inputShapes.map((shape, i) => {
      const full = [batch, ...shape];
      return { data: seededInput(full, 5000 * i), shape: full };
    });
  }

  function requireClose(errors: readonly number[], what: string, tolerance = TOLERANCE): void {
    errors.forEach((error, i) => {
      assert.ok(error <= tolerance, `${what}: output ${i} differs by ${error}`);
    });
  }

  /** Exports the model; onnx checks the file, and ONNX Runtime in Python computes the same. */
  async function checkExport(model: Model, what: string, foldBatchNorm: boolean): Promise<void> {
    const inputs = inputsOf(model, 2);
    const outputs = await model.predictAll(inputs, { batchSize: 2 });
    const bytes = await exportOnnx(model, { foldBatchNorm });
    const path = join(folder, 'ours.onnx');
    writeFileSync(path, bytes);
    const answer = await python.ask({
      command: 'check',
      path,
      inputs: inputs.map((one, i) => writeArray(`x${i}.bin`, one)),
      outputs: outputs.map((one, i) => writeArray(`y${i}.bin`, one)),
    });
    requireClose(answer.errors as number[], what);
    assert.equal(answer.opset, 17, what);
    assert.equal(answer.batch, 'batch', what);
    const imported = importOnnx(bytes, { source: what });
    if (model.countParams() < FEW_PARAMETERS) useReference(imported);
    const again = await imported.predictAll(inputs, { batchSize: 2 });
    const back = again.map(({ data }, i) => relativeError(data, outputs[i].data));
    requireClose(back, `${what}, imported again`);
    await imported.dispose();
  }

  test("the article's network, trained for some steps", async () => {
    setRandomSeed(0);
    const model = resnet50({ inputShape: [28, 28, 1], classes: 10 });
    const { train } = await loadDataset('fashion-mnist-mini', { limit: 320 });
    model.compile({ loss: 'categoricalCrossentropy' });
    await model.fit(train, { epochs: 1, batchSize: 32, verbose: false });
    for (const fold of [false, true]) await checkExport(model, `ResNet-50, folded: ${fold}`, fold);
    await model.dispose();
  });

  test('the lines of Python in a receipt recheck the file', async () => {
    setRandomSeed(5);
    const model = await scatterWeights(smallResnet({ inputShape: [12, 12, 1], classes: 10 }), 6);
    const path = join(folder, "it's a file.onnx");
    const { receipt } = await exportModel(model, path, { format: 'onnx', seed: 9 });
    assert.equal(receipt.python.length, 3);
    const run = promisify(execFile);
    const script = receipt.python.join('\n');
    const interpreter = await pythonWithFrameworks();
    const { stdout } = await run(interpreter, ['-c', script], { cwd: folder });
    const difference = Number(stdout);
    assert.ok(difference >= 0 && difference < 1e-5, `they print ${stdout}`);
    const other = script.replace("i['start'])", "i['start'] + 1)");
    assert.notEqual(other, script);
    const wrong = await run(interpreter, ['-c', other], { cwd: folder });
    assert.ok(Number(wrong.stdout) > 1e-4, `other inputs give ${wrong.stdout}`);
    await model.dispose();
  });

  test('small networks with every layer', async () => {
    for (const [name, make] of Object.entries(onnxNetworks)) {
      if (name === 'functions of the user') continue;
      const model = await scatterWeights(make(), 7);
      await checkExport(model, name, true);
      await model.dispose();
    }
  });

  test(`${RANDOM_GRAPHS} random residual graphs`, async () => {
    for (let seed = 0; seed < RANDOM_GRAPHS; seed++) {
      const model = await scatterWeights(randomGraph(seed), seed);
      useReference(model);
      await checkExport(model, `random graph ${seed}`, seed % 2 === 1);
      await model.dispose();
    }
  });

  for (const [name, { build }] of Object.entries(applications)) {
    test(`application ${name}`, async (context) => {
      clearNames();
      setRandomSeed(1);
      const isCifar = /^(resnet|plain)-\d/.test(name) && !/-(18|34)$/.test(name);
      const inputShape = isCifar ? IMAGE.cifar : IMAGE.imagenet;
      const model = build({ inputShape, classes: 10 });
      if (model.countParams() > MOST_PARAMETERS) {
        context.skip(
          'its weights alone fill more than 200 MB; a smaller one of the family is tested',
        );
        return;
      }
      await scatterWeights(model, 3);
      await checkExport(model, name, false);
      await model.dispose();
    });
  }

  /** Imports a file of others: ours computes the same, and what we export of it too. */
  async function checkImport(request: Readonly<Record<string, unknown>>, what: string) {
    const foreign = (await python.ask({ ...request, folder })) as unknown as Foreign;
    const inputs = foreign.inputs.map(readArray);
    const model = importOnnx(readFileSync(foreign.path), { source: what });
    const found = await model.predictAll(inputs, { batchSize: inputs[0].shape[0] });
    const expected = foreign.outputs.map(readArray);
    const errors = found.map(({ data }, i) => relativeError(data, expected[i].data));
    requireClose(errors, what, Math.max(TOLERANCE, 2 * foreign.ownError));
    await checkExport(model, `${what}, exported again`, true);
    await model.dispose();
  }

  const styles = ['TorchScript', 'TorchScript, folded', 'torch.export'] as const;
  for (const [network, shape, count] of [
    ['mixed', [3, 20, 16], 3],
    ['resnet18', [3, 64, 64], 3],
    ['resnet50', [3, 48, 40], 2],
    ['resnext50_32x4d', [3, 32, 32], 2],
  ] as const) {
    for (const style of styles.slice(0, count)) {
      test(`${network} of PyTorch by ${style}`, async () => {
        const dynamo = style === 'torch.export';
        const fold = style === 'TorchScript, folded';
        await checkImport({ command: 'torch', network, shape, seed: 3, dynamo, fold }, network);
      });
    }
  }

  test('a graph in the manner of tf2onnx', async () => {
    for (const seed of [1, 2]) await checkImport({ command: 'tensorflow', seed }, 'tf2onnx');
  });
});
