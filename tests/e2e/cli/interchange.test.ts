import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  conv2d,
  dense,
  exportModel,
  flatten,
  input,
  Model,
  openModel,
  saveModel,
  smallResnet,
} from 'residuum';
import { jsonLines, residuum, temporaryFolder } from './command.js';

suite('export, import, inspect', () => {
  const folder = temporaryFolder({ after });

  before(async () => {
    await saveModel(
      smallResnet({ inputShape: [12, 12, 1], classes: 10 }),
      join(folder, 'small.safetensors'),
    );
  });

  test('a model file is inspected without being run', async () => {
    const { code, stdout, stderr } = await residuum(['inspect', 'small.safetensors'], folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Format +residuum's own model file/);
    assert.match(stdout, /Safe +yes/);
    assert.match(stdout, /Loadable +yes/);
    assert.match(stdout, /Conv2D/);
    assert.match(stdout, /weight\/\S+\/kernel +F32 +\[3, 3, 1, \d+\]/);
    const { stdout: json } = await residuum(['inspect', 'small.safetensors', '--json'], folder);
    const [report] = jsonLines(json);
    assert.equal(report.loadable, true);
    assert.ok((report.weights as unknown[]).length > 0);
  });

  test('an export carries a receipt, and is verified', async () => {
    const args = [
      'export',
      'small.safetensors',
      '--to',
      'safetensors',
      '--out',
      'copy.safetensors',
    ];
    const { code, stdout, stderr } = await residuum([...args, '--verify'], folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Verified by residuum/);
    const text = readFileSync(join(folder, 'copy.safetensors.receipt.json'), 'utf8');
    const receipt = JSON.parse(text) as { outputs: { data: number[]; shape: number[] }[] };
    assert.deepEqual(receipt.outputs[0].shape, [4, 10]);
    const again = await residuum(args, folder);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /copy\.safetensors exists already/);
  });

  test('an import becomes a model file', async () => {
    const args = ['import', 'small.safetensors', '--out', 'new.safetensors', '--json'];
    const { code, stdout, stderr } = await residuum(args, folder);
    assert.equal(code, 0, stderr);
    assert.match(JSON.stringify(jsonLines(stdout)[0].inputs), /"shape":\[12,12,1\]/);
    assert.ok(existsSync(join(folder, 'new.safetensors')));
  });

  test('ONNX goes out, is verified and looked into, and comes back', async () => {
    const out = ['export', 'small.safetensors', '--to', 'onnx', '--verify'];
    const exported = await residuum(out, folder);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(exported.stdout, /Written +small\.onnx +\(ONNX, [\d,]+ bytes\)/);
    assert.match(exported.stdout, /Recheck in Python.*\n +import json, numpy as np, onnxruntime/);
    assert.match(exported.stdout, /Verified by (onnxruntime-node|residuum): relative difference/);
    const folded = [...out, '--fold-batch-norm', '--out', 'folded.onnx', '--json'];
    const [json] = jsonLines((await residuum(folded, folder)).stdout);
    assert.equal((json.verification as { passed: boolean }).passed, true);
    const inspected = await residuum(['inspect', 'small.onnx'], folder);
    assert.equal(inspected.code, 0, inspected.stderr);
    assert.match(inspected.stdout, /Operators +version 17/);
    assert.match(inspected.stdout, /Loadable +yes/);
    assert.match(inspected.stdout, /BatchNormalization/);
    const imported = await residuum(
      ['import', 'folded.onnx', '--out', 'back.safetensors', '--json'],
      folder,
    );
    assert.equal(imported.code, 0, imported.stderr);
    assert.match(JSON.stringify(jsonLines(imported.stdout)[0].outputs), /"shape":\[10\]/);
  });

  test('a model that came in is trained on, and is a run like any other', async () => {
    const inputs = input({ shape: [28, 28, 1] });
    const features = flatten()(conv2d({ filters: 4, kernelSize: 5, strides: 4 })(inputs));
    const logits = new Model({ inputs, outputs: dense({ units: 10 })(features) });
    await exportModel(logits, join(folder, 'logits.onnx'), { format: 'onnx' });
    await logits.dispose();
    const settings = ['--limit', '50', '--batch-size', '25', '--epochs', '1', '--out', 'run'];
    const trained = await residuum(['train', '--model', 'logits.onnx', ...settings], folder);
    assert.equal(trained.code, 0, trained.stderr);
    const evaluated = await residuum(['evaluate', 'run', '--json'], folder);
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.equal(jsonLines(evaluated.stdout)[0].samples, 50);
    const wrong = ['train', '--model', 'small.safetensors', ...settings.slice(0, -1), 'other'];
    const refused = await residuum(wrong, folder);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /\[12, 12, 1\]/);
    assert.equal(existsSync(join(folder, 'other')), false);
  });

  test('a run goes to Keras and comes back as a run, optimizer and all', async () => {
    const json = async (...args: string[]) => {
      const { code, stdout, stderr } = await residuum([...args, '--json'], folder);
      assert.equal(code, 0, stderr);
      return jsonLines(stdout);
    };
    await json('export', 'run', '--to', 'keras', '--out', 'run.keras');
    const settings = ['--limit', '50', '--batch-size', '25', '--epochs', '1'];
    await json('import', 'run.keras', '--out', 'back', ...settings);
    const [there] = await json('evaluate', 'run');
    const [here] = await json('evaluate', 'back');
    assert.deepEqual({ ...here, run: 'run' }, there);
    const [begin, ...events] = await json('train', '--resume', 'back');
    assert.deepEqual([begin.epoch, begin.samples, begin.resumed], [1, 0, true]);
    assert.equal(events.filter(({ event }) => event === 'batch').length, 2);
    const model = await openModel(join(folder, 'back'));
    assert.equal((await model.optimizerState()).iterations, 4);
    await model.dispose();
    const again = await residuum(['import', 'run.keras', '--out', 'back'], folder);
    assert.match(again.stderr, /already holds a run/);
    const unfit = await residuum(['import', 'small.safetensors', '--out', 'unfit'], folder);
    assert.equal(unfit.code, 1);
    assert.match(unfit.stderr, /takes \[12, 12, 1\] and tells 10 classes/);
    assert.equal(existsSync(join(folder, 'unfit')), false);
  });

  test('what is no model is refused in a sentence', async () => {
    writeFileSync(join(folder, 'letter.txt'), 'hello');
    writeFileSync(join(folder, 'zero.safetensors'), Buffer.alloc(5000));
    const cases: [file: string, message: RegExp][] = [
      ['letter.txt', /is in no format that is known here/],
      ['zero.safetensors', /zero\.safetensors' is not a valid safetensors file/],
      ['missing.onnx', /there is no such file/],
    ];
    for (const [file, message] of cases) {
      for (const args of [
        ['inspect', file],
        ['import', file, '--out', 'never.safetensors'],
      ]) {
        const { code, stderr } = await residuum(args, folder);
        assert.equal(code, 1, args.join(' '));
        assert.match(stderr, message);
      }
      assert.equal(existsSync(join(folder, 'never.safetensors')), false);
    }
  });
});
