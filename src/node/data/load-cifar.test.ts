import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FormatError, ResiduumError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { loadDataset } from './load-dataset.js';

const PIXELS = 3072;
const PLANE = 1024;

/** The byte at a place of the pixels of a training or test image. */
const byteAt = (image: number, place: number) => (image * 31 + place * 7) % 256;

/** A file of records numbered from `first`, with classes by turns. */
function records(first: number, count: number, labelBytes: number, classes: number): Uint8Array {
  const record = labelBytes + PIXELS;
  const bytes = new Uint8Array(count * record);
  for (let i = 0; i < count; i++) {
    const image = first + i;
    bytes[i * record + labelBytes - 1] = image % classes;
    for (let place = 0; place < PIXELS; place++) {
      bytes[i * record + labelBytes + place] = byteAt(image, place);
    }
  }
  return bytes;
}

async function scratch(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-cifar-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Five files of six training images, and a test file of four. */
async function cifar10(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let file = 0; file < 5; file++) {
    await writeFile(join(folder, `data_batch_${file + 1}.bin`), records(6 * file, 6, 1, 10));
  }
  await writeFile(join(folder, 'test_batch.bin'), records(30, 4, 1, 10));
  return folder;
}

test('CIFAR-10: parts, classes and pixels, as rows of red, green and blue', async (context) => {
  const root = await scratch(context);
  const folder = await cifar10(join(root, 'cifar-10-batches-bin'));
  // The folder above, that the archive was unpacked in, does too.
  for (const dataDir of [folder, root]) {
    const { train, validation, test: testing, info } = await loadDataset('cifar10', { dataDir });
    assert.deepEqual([train.size, validation.size, testing.size], [27, 3, 4]);
    assert.deepEqual(train.inputShapes, [[32, 32, 3]]);
    assert.equal(train.classNames?.[7], 'horse');
    assert.deepEqual([info.origin, info.imageShape], ['folder', [32, 32, 3]]);
    const pixels = new Float32Array(3 * PIXELS);
    const targets = new Float32Array(30);
    void train.gather(Uint32Array.of(26, 0, 4), [pixels], [targets]);
    [29, 3, 7].forEach((image, row) => {
      assert.equal(targets.subarray(10 * row, 10 * row + 10).indexOf(1), image % 10);
      for (let i = 0; i < PIXELS; i++) {
        const place = (i % 3) * PLANE + Math.floor(i / 3);
        const expected = byteAt(image, place) / 255;
        assert.ok(Math.abs(pixels[row * PIXELS + i] - expected) < 1e-7);
      }
    });
    void testing.gather(Uint32Array.of(3), [pixels], [targets]);
    assert.equal(targets.subarray(0, 10).indexOf(1), 3);
  }
});

test('CIFAR-100: the fine label is the class', async (context) => {
  const dataDir = await scratch(context);
  await writeFile(join(dataDir, 'train.bin'), records(0, 120, 2, 100));
  await writeFile(join(dataDir, 'test.bin'), records(98, 2, 2, 100));
  const { train, validation, test: testing } = await loadDataset('cifar100', { dataDir });
  assert.deepEqual([train.size, validation.size], [108, 12]);
  assert.equal(train.classNames?.length, 100);
  const pixels = new Float32Array(2 * PIXELS);
  const targets = new Float32Array(200);
  void testing.gather(Uint32Array.of(1, 0), [pixels], [targets]);
  assert.deepEqual([targets.indexOf(1), targets.indexOf(1, 100) - 100], [99, 98]);
});

test('what is no CIFAR folder is refused in one sentence', async (context) => {
  const dataDir = await cifar10(await scratch(context));
  const refused = (message: RegExp) =>
    assert.rejects(loadDataset('cifar10', { dataDir }), (error: unknown) => {
      assert.ok(error instanceof ResiduumError);
      assert.match(error.message, message);
      return true;
    });
  await refuseChannels(dataDir);
  await writeFile(join(dataDir, 'data_batch_2.bin'), records(0, 2, 2, 100));
  await refused(/data_batch_2\.bin has 6148 bytes, but a CIFAR file has a multiple of 3073/);
  const wrong = records(0, 300, 1, 10);
  wrong[3073 * 270] = 10;
  await writeFile(join(dataDir, 'data_batch_2.bin'), wrong);
  await refused(/data_batch_2\.bin has label 10 at image 270, but labels go from 0 to 9/);
  await writeFile(join(dataDir, 'data_batch_2.bin'), '');
  await refused(/data_batch_2\.bin has 0 bytes/);
  await rm(join(dataDir, 'data_batch_2.bin'));
  await mkdir(join(dataDir, 'data_batch_2.bin'));
  await refused(/it is no regular file/);
  await rm(join(dataDir, 'data_batch_2.bin'), { recursive: true });
  await refused(/lacks files of CIFAR-10: it needs data_batch_1\.bin/);
  await assert.rejects(loadDataset('cifar10', { cacheDir: dataDir }), {
    name: 'DataError',
    message: /unpack cifar-10-binary\.tar\.gz \(MD5 c32a1d4/,
  });
});

async function refuseChannels(dataDir: string): Promise<void> {
  await assert.rejects(loadDataset('cifar10', { dataDir, imageSize: [8, 8] }), {
    name: 'ValueError',
    message: /can be chosen for a folder of images, but CIFAR-10 has images of 32 × 32 × 3/,
  });
}

test('a file that is cut off after loading is named', async (context) => {
  const dataDir = await cifar10(await scratch(context));
  const { test: testing } = await loadDataset('cifar10', { dataDir });
  await truncate(join(dataDir, 'test_batch.bin'), 5000);
  const gather = (index: number) =>
    testing.gather(Uint32Array.of(index), [new Float32Array(PIXELS)], [new Float32Array(10)]);
  assert.doesNotThrow(() => gather(0));
  assert.throws(() => gather(1), { name: 'DataError', message: /test_batch\.bin became shorter/ });
});

/** `RESIDUUM_MUTANTS=10000` for a long look. */
const mutants = Number(process.env.RESIDUUM_MUTANTS ?? 2000);

test(`${mutants} seeded mutants of a CIFAR file: labels that are none, or lengths that are none`, async (context) => {
  const dataDir = await cifar10(await scratch(context));
  const path = join(dataDir, 'data_batch_3.bin');
  const random = new Random(11);
  const started = process.cpuUsage();
  const memory = process.memoryUsage().rss;
  const outcomes = { loaded: 0, refused: 0 };
  for (let i = 0; i < mutants; i++) {
    const bytes = records(0, 2, 1, 10);
    const kind = random.integer(3);
    if (kind === 0)
      for (let k = 0; k < 40; k++) bytes[random.integer(bytes.length)] ^= 1 << (k % 8);
    if (kind === 1) bytes[3073 * random.integer(2)] = random.integer(256);
    const length = kind === 2 ? random.integer(bytes.length) : bytes.length;
    await writeFile(path, bytes.subarray(0, length));
    try {
      await loadDataset('cifar10', { dataDir });
      outcomes.loaded++;
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
      outcomes.refused++;
    }
  }
  const { user, system } = process.cpuUsage(started);
  assert.ok((user + system) / 1e6 / mutants < 1);
  assert.ok(process.memoryUsage().rss - memory < 256 * 2 ** 20);
  assert.ok(outcomes.loaded > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
});
