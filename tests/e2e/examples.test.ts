import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadModel } from 'residuum';
import sharp from 'sharp';

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

test('a folder of own images: train, predict a picture as the folder was read, save, export', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-example-'));
  const picture = (path: string, grey: number) =>
    sharp({
      create: { width: 40, height: 24, channels: 3, background: { r: grey, g: grey, b: grey } },
    })
      .png()
      .toFile(join(folder, path));
  try {
    for (const [name, grey] of [
      ['bright', 200],
      ['dark', 40],
    ] as const) {
      await mkdir(join(folder, 'photos', name), { recursive: true });
      for (let i = 0; i < 24; i++) await picture(`photos/${name}/${i}.png`, grey + i);
    }
    await picture('picture.png', 215);
    const args = [example('own-images'), '20', 'picture.png'];
    const { stdout } = await run(process.execPath, args, { cwd: folder });
    const [, bright, dark] = stdout.match(/\nbright ([\d.e-]+)\ndark ([\d.e-]+)\n/) ?? [];
    assert.ok(Number(bright) > Number(dark), stdout);
    const files = ['photos', 'photos.onnx', 'photos.onnx.receipt.json', 'photos.safetensors'];
    assert.deepEqual((await readdir(folder)).sort(), [...files, 'picture.png']);
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
