import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { DataError, ResiduumError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import type { Dataset } from '../../data/dataset.js';
import { decodeImage } from './decode-image.js';
import { loadDataset } from './load-dataset.js';
import { loadImageFolder } from './load-image-folder.js';

async function scratch(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-folder-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An image of one colour. */
async function write(path: string, colour: readonly number[], width = 6, height = 4) {
  const [r, g, b] = colour;
  await mkdir(join(path, '..'), { recursive: true });
  await sharp({ create: { width, height, channels: 3, background: { r, g, b } } }).toFile(path);
}

/** Classes with an image of a colour of its own for each number. */
async function flat(folder: string, counts: Readonly<Record<string, number>>): Promise<string> {
  for (const [name, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) {
      const ending = i % 2 === 0 ? 'png' : 'PNG';
      await write(join(folder, name, `${i}.${ending}`), [name.length * 20, i, 7]);
    }
  }
  return folder;
}

async function all(dataset: Dataset) {
  const [[height, width, channels]] = dataset.inputShapes;
  const size = height * width * channels;
  const [[classes]] = dataset.targetShapes;
  const inputs = new Float32Array(dataset.size * size);
  const targets = new Float32Array(dataset.size * classes);
  await dataset.gather(
    Uint32Array.from({ length: dataset.size }, (_, i) => i),
    [inputs],
    [targets],
  );
  return Array.from({ length: dataset.size }, (_, i) => ({
    pixels: [...inputs.subarray(i * size, (i + 1) * size)].map((value) => Math.round(255 * value)),
    label: targets.subarray(i * classes, (i + 1) * classes).indexOf(1),
  }));
}

test('a folder of classes: each image in one part, a tenth of each class for validation and test', async (context) => {
  const folder = await flat(await scratch(context), { wolf: 10, cat: 20 });
  await writeFile(join(folder, 'wolf', 'notes.txt'), 'no image');
  await mkdir(join(folder, '.hidden'));
  const { train, validation, test: testing, info } = await loadDataset(folder, { seed: 3 });
  assert.deepEqual(info.classNames, ['cat', 'wolf']);
  assert.deepEqual(info.imageShape, [4, 6, 3]);
  assert.deepEqual([train.size, validation.size, testing.size], [24, 3, 3]);
  const seen = new Set<string>();
  for (const part of [train, validation, testing]) {
    for (const { pixels, label } of await all(part)) {
      assert.equal(pixels[0], [60, 80][label]);
      assert.equal(pixels[2], 7);
      seen.add(pixels.slice(0, 2).join());
    }
  }
  assert.equal(seen.size, 30);
  const again = await loadImageFolder(folder, { seed: 3, cacheBytes: 0 });
  assert.deepEqual(await all(again.train), await all(train));
  const other = await loadImageFolder(folder, { seed: 4 });
  assert.notDeepEqual(await all(other.test), await all(testing));
  assert.deepEqual((await loadImageFolder(folder, { limit: 2 })).train.size, 2);
});

test('what was decoded once is kept, as far as the cache goes', async (context) => {
  const folder = await flat(await scratch(context), { a: 10, bb: 10 });
  const options = { cacheBytes: 20 * 72 };
  const { train } = await loadImageFolder(folder, options);
  const first = await all(train);
  for (const name of ['a', 'bb']) await rm(join(folder, name), { recursive: true });
  assert.deepEqual(await all(train), first);
});

test('train, val and test folders say what is what', async (context) => {
  const folder = await scratch(context);
  await flat(join(folder, 'train'), { a: 4, bb: 4 });
  await flat(join(folder, 'val'), { bb: 2 });
  const withoutTest = await loadImageFolder(folder);
  assert.deepEqual([withoutTest.train.size, withoutTest.validation.size], [8, 2]);
  assert.equal(withoutTest.test, withoutTest.validation);
  assert.deepEqual(
    (await all(withoutTest.validation)).map(({ label }) => label),
    [1, 1],
  );
  await flat(join(folder, 'test'), { a: 3, bb: 1 });
  const whole = await loadImageFolder(folder);
  assert.deepEqual([whole.train.size, whole.validation.size, whole.test.size], [8, 2, 4]);
  await rm(join(folder, 'val'), { recursive: true });
  const withoutValidation = await loadImageFolder(folder);
  assert.deepEqual([withoutValidation.train.size, withoutValidation.validation.size], [6, 2]);
  assert.equal(withoutValidation.test.size, 4);
  await flat(join(folder, 'test'), { lynx: 1 });
  await assert.rejects(loadImageFolder(folder), {
    name: 'DataError',
    message: /lynx is of a class that the training images do not have; those have a, bb/,
  });
});

test('images come to the asked size and channels', async (context) => {
  const folder = await scratch(context);
  for (const [name, count] of [
    ['a', 3],
    ['b', 3],
  ] as const) {
    for (let i = 0; i < count; i++)
      await write(join(folder, name, `${i}.jpg`), [200, 0, 0], 90, 70);
  }
  assert.deepEqual((await loadImageFolder(folder)).info.imageShape, [64, 64, 3]);
  for (const resize of ['contain', 'cover', 'stretch'] as const) {
    const { train } = await loadImageFolder(folder, { imageSize: [5, 8], channels: 1, resize });
    assert.deepEqual(train.inputShapes, [[5, 8, 1]]);
    for (const { pixels } of await all(train)) {
      // Luma of a red that JPEG keeps to within some values.
      assert.ok(pixels.every((value) => Math.abs(value - 60) < 4));
    }
  }
});

test('cover cuts off, contain fills up with the colour of the border, stretch distorts', async (context) => {
  const path = join(await scratch(context), 'wide.png');
  const row = [10, 10, 200, 200, 200, 200, 10, 10];
  const pixels = Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => row[Math.floor(i / 3) % 8]);
  await sharp(pixels, { raw: { width: 8, height: 4, channels: 3 } })
    .png()
    .toFile(path);
  const red = async (resize: 'contain' | 'cover' | 'stretch') => {
    const { rgb } = await decodeImage(path, { height: 4, width: 4 }, resize);
    return Array.from({ length: 4 }, (_, x) => rgb[3 * (4 + x)]);
  };
  assert.deepEqual(await red('cover'), [200, 200, 200, 200]);
  const stretched = await red('stretch');
  assert.ok(stretched[0] < 50 && stretched[1] > 150);
  const { rgb, border } = await decodeImage(path, { height: 4, width: 4 }, 'contain');
  assert.deepEqual([...rgb.subarray(0, 3)], border);
});

test('folders that are none of images are refused in one sentence', async (context) => {
  const folder = await scratch(context);
  const refused = (message: RegExp, options = {}) =>
    assert.rejects(loadDataset(folder, options), (error: unknown) => {
      assert.ok(error instanceof ResiduumError);
      assert.match(error.message, message);
      return true;
    });
  await refused(/holds no class: a folder of images is DIR\/class/);
  await flat(folder, { a: 2 });
  await refused(/holds only one class/);
  await mkdir(join(folder, 'b'));
  await refused(/b holds no PNG or JPEG file/);
  await flat(folder, { b: 3 });
  await refused(/class a has 2 images, but at least 3 are needed/);
  await flat(folder, { a: 3 });
  await refused(/sides go from 1 to 4096/, { imageSize: [0, 4] });
  await assert.rejects(loadDataset(join(folder, 'none')), {
    name: 'DataError',
    message:
      /there is no such folder, and it is no \.npz file; data sets by name are fashion-mnist-mini/,
  });
  // A path whose images lie elsewhere now; a name is still that of a data set.
  const gone = await loadDataset('/gone/photos', { dataDir: folder });
  assert.deepEqual(gone.info.classNames, ['a', 'b']);
  await assert.rejects(loadDataset('fashion-mnits', { dataDir: folder }), {
    message: /did you mean 'fashion-mnist'/,
  });
  const { train } = await loadImageFolder(folder);
  await writeFile(join(folder, 'a', '0.png'), 'GIF89a');
  await writeFile(join(folder, 'a', '1.PNG'), 'GIF89a');
  await writeFile(join(folder, 'a', '2.png'), 'GIF89a');
  await assert.rejects(all(train), {
    name: 'DataError',
    message: /a\/[0-2]\.(png|PNG) is no image that can be read: it must be a PNG or JPEG file/,
  });
});

/** Some bytes changed, cut off, taken out or put in twice. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const place = 8 + random.integer(bytes.length - 8);
  switch (random.integer(5)) {
    case 0:
      for (let i = 0; i < 1 + random.integer(6); i++) {
        copy[2 + random.integer(copy.length - 2)] = random.integer(256);
      }
      return copy;
    case 1:
      return copy.subarray(0, place);
    case 2:
      return Uint8Array.from([...copy.subarray(0, place), ...copy.subarray(place + 5)]);
    case 3:
      return Uint8Array.from([...copy.subarray(0, place), ...copy.subarray(place - 6)]);
    default:
      // Sizes that the file does not hold.
      copy.set([255, 255, 255, random.integer(256)], Math.min(12 + random.integer(14), place));
      return copy;
  }
}

/** `RESIDUUM_MUTANTS=10000` for a long look. */
const mutants = Number(process.env.RESIDUUM_MUTANTS ?? 400);

for (const format of ['png', 'jpeg'] as const) {
  test(`${mutants} seeded mutants of a ${format} file: an image, or an error that names the file`, async (context) => {
    const path = join(await scratch(context), `mutant.${format}`);
    const noise = Uint8Array.from({ length: 48 * 40 * 3 }, (_, i) => (i * i + (i >> 3)) % 256);
    const image = sharp(noise, { raw: { width: 48, height: 40, channels: 3 } });
    await (format === 'png' ? image.png() : image.jpeg()).toFile(path);
    const bytes = new Uint8Array(await readFile(path));
    const random = new Random(23);
    const memory = process.memoryUsage().rss;
    let decoded = 0;
    for (let i = 0; i < mutants; i++) {
      await writeFile(path, mutate(bytes, random));
      const started = process.cpuUsage();
      try {
        const { rgb } = await decodeImage(path, { height: 8, width: 8 }, 'cover');
        assert.equal(rgb.length, 192);
        decoded++;
      } catch (error) {
        assert.ok(error instanceof DataError, String(error));
        assert.match(error.message, /mutant\.(png|jpeg) is no image that can be read/);
      }
      const { user, system } = process.cpuUsage(started);
      assert.ok((user + system) / 1e6 < 1, `mutant ${i} took ${user + system} µs`);
    }
    assert.ok(process.memoryUsage().rss - memory < 256 * 2 ** 20);
    assert.ok(decoded < mutants, `${decoded} mutants decoded`);
  });
}
