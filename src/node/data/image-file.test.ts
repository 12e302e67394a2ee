import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { packageFolder } from './dataset-folders.js';
import { readImageFile } from './image-file.js';

const GREY = { height: 28, width: 28, channels: 1 } as const;

async function scratch(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-image-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function ankleBoot(): Promise<Uint8Array> {
  const path = join(packageFolder('fashion-mnist-mini'), 'train-images-idx3-ubyte.gz');
  return gunzipSync(await readFile(path)).subarray(16, 16 + 784);
}

test('an image of the right size comes through exactly', async (context) => {
  const path = join(await scratch(context), 'boot.png');
  const boot = await ankleBoot();
  await sharp(boot, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toFile(path);
  const image = await readImageFile(path, GREY);
  assert.deepEqual(image.shape, [28, 28, 1]);
  assert.equal(image.inverted, false);
  assert.deepEqual(
    image.data,
    Float32Array.from(boot, (byte) => byte / 255),
  );
});

test('by the info of a data set, an image is read as the images of that were', async (context) => {
  const path = join(await scratch(context), 'bright.png');
  const background = { r: 200, g: 200, b: 200 };
  await sharp({ create: { width: 40, height: 20, channels: 3, background } })
    .png()
    .toFile(path);
  const imageShape = [4, 6, 1];
  const photo = await readImageFile(path, { imageShape, resize: 'cover' });
  assert.deepEqual(photo.shape, [4, 6, 1]);
  assert.equal(photo.inverted, false);
  // Data sets that came as arrays, as Fashion-MNIST, are white on black.
  assert.equal((await readImageFile(path, { imageShape })).inverted, true);
  await assert.rejects(readImageFile(path, { imageShape: [4, 6, 2] }), /1 or 3 channels/);
});

test('a photo on a bright ground is inverted, whatever its size, format and alpha', async (context) => {
  const folder = await scratch(context);
  const boot = await ankleBoot();
  const large = sharp(
    boot.map((byte) => 255 - byte),
    {
      raw: { width: 28, height: 28, channels: 1 },
    },
  ).resize(300, 300);
  await large.clone().jpeg({ quality: 95 }).toFile(join(folder, 'boot.jpg'));
  const transparent = await sharp(boot, { raw: { width: 28, height: 28, channels: 1 } })
    .extractChannel(0)
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  await sharp({ create: { width: 28, height: 28, channels: 3, background: 'black' } })
    .joinChannel(transparent, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toFile(join(folder, 'boot.png'));
  for (const [name, tolerance] of [
    ['boot.jpg', 0.06],
    ['boot.png', 0.01],
  ] as const) {
    const image = await readImageFile(join(folder, name), GREY);
    assert.equal(image.inverted, true, name);
    let error = 0;
    for (let i = 0; i < 784; i++) error += Math.abs(image.data[i] - boot[i] / 255) / 784;
    assert.ok(error < tolerance, `${name}: mean error ${error}`);
  }
  const plain = await readImageFile(join(folder, 'boot.jpg'), { ...GREY, invert: false });
  assert.equal(plain.inverted, false);
  assert.ok(plain.data[0] > 0.9);
});

test('proportions are kept and the rest gets the colour of the border', async (context) => {
  const path = join(await scratch(context), 'wide.png');
  await sharp({ create: { width: 60, height: 20, channels: 3, background: '#4080c0' } })
    .png()
    .toFile(path);
  const image = await readImageFile(path, { height: 8, width: 8, channels: 3 });
  assert.equal(image.inverted, false);
  for (let i = 0; i < image.data.length; i++) {
    assert.ok(Math.abs(image.data[i] - [64, 128, 192][i % 3] / 255) < 1e-6);
  }
});

test('what is no image is refused in one sentence', async (context) => {
  const folder = await scratch(context);
  const path = join(folder, 'x.png');
  const refused = async (bytes: Uint8Array | string, message: RegExp) => {
    await writeFile(path, bytes);
    await assert.rejects(readImageFile(path, GREY), { name: 'DataError', message });
  };
  await refused('', /must be a PNG or JPEG file\.$/);
  await refused('<svg xmlns="http://www.w3.org/2000/svg"/>', /must be a PNG or JPEG file/);
  await refused(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2), /x\.png is no image that can be read/);
  const png = await sharp({
    create: { width: 40, height: 40, channels: 3, background: 'red' },
  })
    .png()
    .toBuffer();
  for (let length = 8; length < png.length - 12; length += 5) {
    await refused(png.subarray(0, length), /x\.png is no image that can be read/);
  }
  const huge = Buffer.from(png);
  huge.writeUInt32BE(100_000, 16);
  huge.writeUInt32BE(100_000, 20);
  await refused(huge, /x\.png is no image that can be read/);
  await assert.rejects(
    readImageFile(join(folder, 'none.png'), GREY),
    /cannot read the image .*none/,
  );
});
