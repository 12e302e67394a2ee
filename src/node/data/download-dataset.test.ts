import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type IdxDatasetRow, idxDatasetRow } from '../../data/catalog.js';
import { packageFolder } from './dataset-folders.js';
import { type DownloadProgress, downloadDataset } from './download-dataset.js';
import { readIdxFolder } from './read-idx-folder.js';

const mini = idxDatasetRow('fashion-mnist-mini');

async function fileOf(url: string | undefined): Promise<Buffer> {
  return readFile(join(packageFolder('fashion-mnist-mini'), basename(url ?? '')));
}

/** The mini set as if it were to be had from a server that answers in this way. */
async function servedBy(
  context: TestContext,
  listener: RequestListener,
): Promise<{ row: IdxDatasetRow; root: string; folder: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const root = await mkdtemp(join(tmpdir(), 'residuum-download-'));
  context.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(root, { recursive: true, force: true });
  });
  const { port } = server.address() as AddressInfo;
  return {
    row: { ...mini, home: `http://127.0.0.1:${port}/data/` },
    root,
    folder: join(root, 'cache', 'deep', mini.name),
  };
}

test('a download is checked, kept, and reports its progress', async (context) => {
  const { row, folder, root } = await servedBy(context, async (request, response) => {
    response.end(await fileOf(request.url));
  });
  const progress: DownloadProgress[] = [];
  await downloadDataset(row, folder, { onProgress: (event) => progress.push(event) });
  const last = progress[progress.length - 1];
  assert.equal(last.receivedBytes, last.totalBytes);
  assert.ok(progress.length > 4);
  assert.equal(
    (await readIdxFolder(folder, row.files, { verify: true })).testLabels.shape[0],
    2000,
  );
  assert.deepEqual(await readdir(join(root, 'cache', 'deep')), [mini.name]);
});

const failures: {
  name: string;
  message: RegExp;
  listener: RequestListener;
}[] = [
  {
    name: 'a missing file',
    message: /cannot download http.*t10k-labels.*: the server answered 404 Not Found\.$/,
    listener: async (request, response) => {
      if (request.url?.includes('t10k-labels')) response.writeHead(404).end();
      else response.end(await fileOf(request.url));
    },
  },
  {
    name: 'a wrong file of the right size',
    message: /t10k-labels.*: its SHA-256 is [0-9a-f]{64}, but 723796/,
    listener: async (request, response) => {
      const bytes = await fileOf(request.url);
      if (request.url?.includes('t10k-labels')) bytes[500] ^= 1;
      response.end(bytes);
    },
  },
  {
    name: 'a file that is too long',
    message: /more than the expected 4369739 bytes came/,
    listener: async (request, response) => {
      response.write(await fileOf(request.url));
      response.end('more');
    },
  },
  {
    name: 'a file that is too short',
    message: /1000 bytes came, but 4369739 were expected/,
    listener: async (request, response) => {
      response.end((await fileOf(request.url)).subarray(0, 1000));
    },
  },
  {
    name: 'a connection that breaks',
    message: /cannot download http.*train-images/,
    listener: async (request, response) => {
      response.writeHead(200, { 'content-length': 4369739 });
      response.write((await fileOf(request.url)).subarray(0, 1000));
      setTimeout(() => response.destroy(), 50);
    },
  },
  {
    name: 'a server that falls silent',
    message: /nothing came for 0\.2 s\.$/,
    listener: async (request, response) => {
      response.write((await fileOf(request.url)).subarray(0, 1000));
    },
  },
];

for (const { name, message, listener } of failures) {
  test(`${name} leaves nothing behind`, async (context) => {
    const { row, folder, root } = await servedBy(context, listener);
    await assert.rejects(downloadDataset(row, folder, { timeoutMs: 200 }), {
      name: 'DataError',
      message,
    });
    assert.deepEqual(await readdir(root), []);
  });
}

test('a download can be stopped, and a machine without a server is named', async (context) => {
  const { row, folder, root } = await servedBy(context, (_request, response) => {
    response.write('x');
  });
  const stop = new AbortController();
  const pending = downloadDataset(row, folder, {
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await assert.rejects(pending, { name: 'DataError', message: /: it was stopped\.$/ });
  await assert.rejects(downloadDataset({ ...row, home: 'http://127.0.0.1:1/' }, folder), {
    name: 'DataError',
    message:
      /cannot download http:\/\/127\.0\.0\.1:1\/.*; with the files from elsewhere, name their folder by --data or dataDir\.$/,
  });
  assert.deepEqual(await readdir(root), []);
});
