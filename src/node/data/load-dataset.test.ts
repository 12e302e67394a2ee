import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { datasetCatalog, datasetRow } from '../../data/catalog.js';
import type { Dataset } from '../../data/dataset.js';
import { defaultCacheFolder, packageFolder } from './dataset-folders.js';
import { findDatasets } from './find-datasets.js';
import { loadDataset } from './load-dataset.js';
import { readDataSets } from './read-data-sets.js';

const MINI = packageFolder('fashion-mnist-mini');
const IMAGES = 't10k-images-idx3-ubyte.gz';
const LABELS = 't10k-labels-idx1-ubyte.gz';

async function scratch(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-data-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function miniCopy(context: TestContext): Promise<string> {
  const folder = join(await scratch(context), 'mini');
  await cp(MINI, folder, { recursive: true });
  return folder;
}

function classCounts(dataset: Dataset): number[] {
  const counts = new Array<number>(10).fill(0);
  const pixels = new Float32Array(784);
  const target = new Float32Array(10);
  for (let i = 0; i < dataset.size; i++) {
    dataset.gather(Uint32Array.of(i), [pixels], [target]);
    assert.ok(pixels.every((value) => value >= 0 && value <= 1));
    counts[target.indexOf(1)]++;
  }
  return counts;
}

test('the data set that ships is whole and balanced', async () => {
  const { train, validation, test: testing, info } = await loadDataset('fashion-mnist-mini');
  assert.equal(info.origin, 'package');
  assert.deepEqual([train.size, validation.size, testing.size], [9000, 1000, 2000]);
  assert.deepEqual(train.inputShapes, [[28, 28, 1]]);
  assert.deepEqual(train.targetShapes, [[10]]);
  assert.equal(train.classNames?.[9], 'Ankle boot');
  assert.deepEqual(classCounts(testing), new Array(10).fill(200));
  const training = classCounts(train);
  const validating = classCounts(validation);
  assert.deepEqual(
    training.map((count, i) => count + validating[i]),
    new Array(10).fill(1000),
  );
});

test('the first training image is that of Fashion-MNIST, an ankle boot', async () => {
  const { validation } = await loadDataset('fashion-mnist-mini');
  const pixels = new Float32Array(784);
  const target = new Float32Array(10);
  validation.gather(Uint32Array.of(0), [pixels], [target]);
  assert.equal(target[9], 1);
  // Sum of the 784 bytes of the first image of the full set.
  assert.equal(Math.round(pixels.reduce((sum, value) => sum + value, 0) * 255), 76247);
});

test('a limit applies to each part', async () => {
  const {
    train,
    validation,
    test: testing,
  } = await loadDataset('fashion-mnist-mini', {
    limit: 1500,
  });
  assert.deepEqual([train.size, validation.size, testing.size], [1500, 1000, 1500]);
});

test('readDataSets splits into arrays as read_data_sets does', async () => {
  const sets = await readDataSets(MINI);
  assert.deepEqual(sets.train.images.shape, [5000, 28, 28, 1]);
  assert.deepEqual(sets.validation.labels.shape, [5000, 10]);
  assert.deepEqual(sets.test.images.shape, [2000, 28, 28, 1]);
  assert.equal(sets.validation.labels.data[9], 1);
  const plain = await readDataSets(MINI, { oneHot: false, validationSize: 0 });
  assert.deepEqual(plain.train.labels.shape, [10_000]);
  assert.equal(plain.validation.images.data.length, 0);
  assert.equal(plain.train.labels.data[0], 9);
  await assert.rejects(readDataSets(MINI, { validationSize: 10_000 }), /validationSize is 10000/);
});

test('plain IDX files are read as well', async (context) => {
  const folder = await miniCopy(context);
  await writeFile(
    join(folder, IMAGES.slice(0, -3)),
    gunzipSync(await readFile(join(folder, IMAGES))),
  );
  await rm(join(folder, IMAGES));
  const { test: testing, info } = await loadDataset('fashion-mnist-mini', { dataDir: folder });
  assert.equal(testing.size, 2000);
  assert.equal(info.origin, 'folder');
});

test('a folder that is wrong is refused in one sentence', async (context) => {
  const folder = await miniCopy(context);
  const load = () => loadDataset('fashion-mnist', { dataDir: folder });
  const images = join(folder, IMAGES);
  const labels = join(folder, LABELS);
  const refused = async (message: RegExp) => {
    await assert.rejects(load(), { message });
  };
  const original = await readFile(labels);
  const replaceLabels = async (change: (idx: Buffer) => Uint8Array) =>
    writeFile(labels, gzipSync(change(gunzipSync(original))));

  await replaceLabels((idx) => {
    idx[8 + 77] = 10;
    return idx;
  });
  await refused(/holds label 10 at index 77, but labels go from 0 to 9/);
  await replaceLabels((idx) => {
    idx.writeUInt32BE(1999, 4);
    return idx.subarray(0, -1);
  });
  await refused(/holds 2000 images, but .* holds 1999 labels/);
  await writeFile(labels, 'nothing of the kind');
  await refused(/t10k-labels-idx1-ubyte\.gz is no IDX file/);
  await writeFile(labels, original);

  await truncate(images, 5000);
  await refused(/t10k-images-idx3-ubyte\.gz is a truncated or corrupt gzip file/);
  await truncate(images, 300 * 2 ** 20);
  await refused(/cannot read the test images .*more than the \d+ allowed/);
  await rm(images);
  await refused(/lacks the test images: there is neither t10k-images-idx3-ubyte\.gz nor/);
  await symlink(join(MINI, IMAGES), images);
  await refused(/a link that leads out of its folder/);
  await rename(folder, `${folder}-gone`);
  await refused(/cannot read the data folder .*: there is no such file or folder\.$/);
  await writeFile(folder, '');
  await refused(/cannot read the data folder .*: it is no folder\.$/);
});

test('a set that is too small for its validation part is refused', async (context) => {
  const folder = await miniCopy(context);
  for (const kind of ['images-idx3', 'labels-idx1']) {
    await cp(join(folder, `t10k-${kind}-ubyte.gz`), join(folder, `train-${kind}-ubyte.gz`));
  }
  await assert.rejects(loadDataset('fashion-mnist', { dataDir: folder }), {
    name: 'DataError',
    message: /holds 2000 images, but Fashion-MNIST takes the first 5000 for validation/,
  });
});

test('an unknown name is answered with the nearest', async () => {
  await assert.rejects(loadDataset('fashion-mist'), {
    name: 'UnknownNameError',
    message: /did you mean 'fashion-mnist'/,
  });
});

test('files in the cache must have the content of the catalogue', async (context) => {
  const cacheDir = await scratch(context);
  await cp(MINI, join(cacheDir, 'mnist'), { recursive: true });
  await assert.rejects(loadDataset('mnist', { cacheDir, download: false }), {
    name: 'DataError',
    message: /has content of SHA-256 d33512.*, but ba8910.* was expected; delete it/,
  });
  await rm(join(cacheDir, 'mnist', IMAGES));
  await assert.rejects(loadDataset('mnist', { cacheDir, download: false }), {
    message: /MNIST is not on this machine/,
  });
});

test('the whole Fashion-MNIST is split as in the article', async (context) => {
  const found = (await findDatasets()).find(({ name }) => name === 'fashion-mnist');
  if (found?.found !== true) return context.skip('it is not on this machine');
  const { train, validation, test: testing } = await loadDataset('fashion-mnist');
  assert.deepEqual([train.size, validation.size, testing.size], [55_000, 5_000, 10_000]);
});

test('findDatasets knows where each data set is or would come from', async (context) => {
  const found = await findDatasets(await scratch(context));
  assert.deepEqual(
    found.map(({ name }) => name),
    datasetCatalog.map(({ name }) => name),
  );
  assert.deepEqual([found[0].found, found[0].where], [true, packageFolder('fashion-mnist-mini')]);
  assert.equal(found[2].where, datasetRow('mnist').home);
  assert.equal(found[2].downloadBytes, 11_594_722);
});

test('the cache folder follows the environment', () => {
  assert.equal(defaultCacheFolder({ RESIDUUM_CACHE: '/r', XDG_CACHE_HOME: '/x' }, 'linux'), '/r');
  assert.equal(defaultCacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux'), join('/x', 'residuum'));
  assert.equal(defaultCacheFolder({ LOCALAPPDATA: '/l' }, 'win32'), join('/l', 'residuum'));
  assert.match(defaultCacheFolder({}, 'linux'), /\.cache.residuum$/);
});
