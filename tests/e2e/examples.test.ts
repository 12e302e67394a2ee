import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadModel } from 'residuum';

const run = promisify(execFile);
const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));
const data = fileURLToPath(new URL('../../../datasets/fashion-mnist-mini', import.meta.url));

test("the article's notebook trains its ResNet-50 and evaluates it", async () => {
  const { stdout } = await run(process.execPath, [
    example('resnet50-fashion-mnist'),
    '200',
    '1',
    data,
  ]);
  assert.match(stdout, /Epoch 1\/1/);
  assert.match(stdout, /200\/200/);
  const [, loss, accuracy] = stdout.match(/loss: ([\d.]+), accuracy: ([\d.]+) }/) ?? [];
  assert.ok(Number(loss) > 0 && Number(accuracy) >= 0 && Number(accuracy) <= 1, stdout);
});

test('the quick start learns, and saves a model that loads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-example-'));
  try {
    const { stdout } = await run(process.execPath, [example('quick-start')], { cwd: folder });
    const [, accuracy] = stdout.match(/accuracy: ([\d.]+) }/) ?? [];
    assert.ok(Number(accuracy) > 0.6, stdout);
    assert.deepEqual(await readdir(folder), ['quick-start.safetensors']);
    const model = await loadModel(join(folder, 'quick-start.safetensors'));
    assert.ok(model.countParams() > 9000);
    await model.dispose();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('models go out and come back, and the README shows the lines that recheck one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-example-'));
  try {
    const { stdout } = await run(process.execPath, [example('models-in-and-out')], { cwd: folder });
    const [, error, python] = stdout.match(/differs by (\S+); in Python:\n((.*\n){3})/) ?? [];
    assert.ok(Number(error) < 1e-6, stdout);
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    assert.ok(readme.includes(`\`\`\`python\n${python}\`\`\``), python);
    assert.match(stdout, /accuracy: [\d.]+ }/);
    const files = ['small.keras', 'small.onnx'].flatMap((one) => [one, `${one}.receipt.json`]);
    assert.deepEqual((await readdir(folder)).sort(), files);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a network that tells clothes learns to tell shoes', async () => {
  const { stdout } = await run(process.execPath, [example('transfer-learning'), '600', '3']);
  // Three trainings of three epochs; the last is of the whole network, with what it knew and a new head.
  const learned = [...stdout.matchAll(/accuracy: ([\d.]+) - /g)].map(([, figure]) =>
    Number(figure),
  );
  assert.equal(learned.length, 9);
  assert.ok(learned[8] > 0.7 && learned[8] > learned[3], stdout);
  assert.match(stdout, /accuracy: [\d.]+ }/);
});
