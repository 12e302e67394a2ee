import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readFileBounded, writeFileAtomic } from './files.js';

async function scratch(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-files-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('writeFileAtomic replaces a file and leaves nothing else', async (context) => {
  const folder = await scratch(context);
  const path = join(folder, 'a.bin');
  await writeFileAtomic(path, 'old');
  await writeFileAtomic(path, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  assert.deepEqual([...(await readFile(path))], [1, 2, 3]);
  assert.deepEqual(await readdir(folder), ['a.bin']);
});

test('a failed write removes its temporary file', async (context) => {
  const folder = await scratch(context);
  await assert.rejects(writeFileAtomic(join(folder, 'missing', 'a'), 'x'), {
    name: 'DataError',
    message: /cannot write .*: there is no such file or folder/,
  });
  // A folder cannot be replaced by a file, so the rename is what fails.
  await writeFile(join(folder, 'plain'), 'x');
  await assert.rejects(writeFileAtomic(folder, 'x'), { name: 'DataError' });
  assert.deepEqual(await readdir(folder), ['plain']);
});

test('readFileBounded names the file and the reason', async (context) => {
  const folder = await scratch(context);
  const path = join(folder, 'a');
  await writeFile(path, 'abcd');
  assert.equal((await readFileBounded(path, 4, 'the data')).length, 4);
  await assert.rejects(readFileBounded(path, 3, 'the data'), {
    name: 'DataError',
    message: /cannot read the data .*: it has 4 bytes, more than the 3 allowed/,
  });
  await assert.rejects(readFileBounded(folder, 3, 'the data'), /it is no regular file/);
  await assert.rejects(readFileBounded(join(folder, 'b'), 3, 'the data'), /no such file/);
});
