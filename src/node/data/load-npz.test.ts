import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ResiduumError } from '../../core/errors.js';
import { encodeStoredZip } from '../../formats/zip.js';
import { loadDataset } from './load-dataset.js';

/** A `.npy` file of bytes. */
function bytesNpy(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')},), }\n`;
  const start = [0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0, ...Buffer.from(header)];
  return Uint8Array.from([...start, ...data]);
}

/** A file of images and labels; image i has the value i everywhere. */
async function write(path: string, counts: Readonly<Record<string, number>>, classes = 3) {
  const members = Object.entries(counts).flatMap(([name, count]) => {
    const pixels = Uint8Array.from({ length: count * 12 }, (_, i) => Math.floor(i / 12));
    const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
    return [
      [`x_${name}.npy`, [bytesNpy([count, 4, 3], pixels)]] as const,
      [`y_${name}.npy`, [bytesNpy([count, 1], labels)]] as const,
    ];
  });
  await writeFile(path, Buffer.concat(encodeStoredZip(members)));
}

async function scratch(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-npz-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a .npz file with the names of Keras: the last tenth is for validation unless x_val is there', async (context) => {
  const path = join(await scratch(context), 'shapes.npz');
  await write(path, { train: 20, test: 5 });
  const { train, validation, test: testing, info } = await loadDataset(path);
  assert.deepEqual([train.size, validation.size, testing.size], [18, 2, 5]);
  assert.deepEqual([info.name, info.imageShape], ['shapes', [4, 3, 1]]);
  assert.deepEqual(info.classNames, ['0', '1', '2']);
  const pixels = new Float32Array(12);
  const target = new Float32Array(3);
  await validation.gather(Uint32Array.of(1), [pixels], [target]);
  assert.ok(pixels.every((value) => Math.abs(value - 19 / 255) < 1e-7));
  assert.equal(target.indexOf(1), 19 % 3);
  await write(path, { train: 20, val: 4, test: 5 });
  const split = await loadDataset(path, { limit: 10 });
  assert.deepEqual([split.train.size, split.validation.size, split.test.size], [10, 4, 5]);
});

test('arrays that are missing or do not fit are refused in one sentence', async (context) => {
  const path = join(await scratch(context), 'a.npz');
  const refused = (message: RegExp) =>
    assert.rejects(loadDataset(path), (error: unknown) => {
      assert.ok(error instanceof ResiduumError);
      assert.match(error.message, message);
      return true;
    });
  await write(path, { train: 4 });
  await refused(/a\.npz has the arrays x_train, y_train, but needs x_train, y_train, x_test/);
  await writeFile(path, 'PK');
  await refused(/it is no zip archive, or is cut off/);
  const labels = bytesNpy([2], Uint8Array.of(0, 1));
  const write4 = (images: Uint8Array, wrong = labels) =>
    writeFile(
      path,
      Buffer.concat(
        encodeStoredZip(
          [
            ['x_train', images],
            ['y_train', wrong],
            ['x_test', images],
            ['y_test', labels],
          ].map(([name, bytes]) => [`${name}.npy`, [bytes as Uint8Array]] as const),
        ),
      ),
    );
  await write4(bytesNpy([2, 4], new Uint8Array(8)));
  await refused(/x_train has shape \[2, 4\], but images have shape \[N, H, W\]/);
  await write4(bytesNpy([3, 1, 1], new Uint8Array(3)));
  await refused(/x_train holds 3 images, but y_train 2 labels/);
  await write4(bytesNpy([1, 1, 1], new Uint8Array(1)), bytesNpy([1, 2], new Uint8Array(2)));
  await refused(/y_train has shape \[1, 2\], but labels are class numbers/);
  await rm(path);
  await refused(/there is no such file/);
});
