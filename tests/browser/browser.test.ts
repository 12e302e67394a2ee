import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { builtinModules } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import * as library from '../../src/node.js';
import { type RunReport, runResidual } from './residual-run.js';

const CHROMIUM = process.env.RESIDUUM_CHROMIUM ?? '/usr/bin/chromium';
const HTML = '<!doctype html><title>residuum</title><script type="module" src="/page.js"></script>';
const FILES = ['page.js', 'cpu-worker.js'];

const isSkipped = process.env.RESIDUUM_SKIP_BROWSER === '1';
const options = { skip: isSkipped ? 'RESIDUUM_SKIP_BROWSER is 1' : false, timeout: 120_000 };

const folder = mkdtempSync(join(tmpdir(), 'residuum-page-'));

const server = createServer((request, response) => {
  // What a page needs before it may share memory with workers.
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  const name = request.url?.slice(1) ?? '';
  if (name === '') {
    response.setHeader('Content-Type', 'text/html');
    response.end(HTML);
  } else if (FILES.includes(name)) {
    response.setHeader('Content-Type', 'text/javascript');
    response.end(readFileSync(join(folder, name)));
  } else {
    response.statusCode = 404;
    response.end();
  }
});

const entry = (path: string) => fileURLToPath(new URL(path, import.meta.url));

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

/** Packages that the whole library brings to a page: they draw figures and read or write archives. */
const PORTABLE_PACKAGES = [
  '@dagrejs/dagre',
  'd3-array',
  'd3-color',
  'd3-contour',
  'd3-format',
  'd3-interpolate',
  'd3-scale',
  'fast-png',
  'fflate',
  'iobuffer',
];

/** Names of the packages that contribute to the bundles. */
function packagesIn({ outputs }: Metafile): string[] {
  const carried = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const names = carried
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}

test('a page that builds and trains a network carries no package', async () => {
  const library = entry('../../src/browser.js');
  const { metafile } = await build({
    stdin: {
      contents: `import { smallResnet, ArrayDataset, createCpuExecutor } from ${JSON.stringify(library)};
        globalThis.page = [smallResnet, ArrayDataset, createCpuExecutor];`,
      resolveDir: folder,
    },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  assert.deepEqual(packagesIn(metafile), []);
});

test('page and worker bundle without any part of Node', async () => {
  const { metafile } = await build({
    entryPoints: {
      page: entry('./page.js'),
      'cpu-worker': entry('../../src/browser/cpu-worker.js'),
    },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: folder,
    metafile: true,
    logLevel: 'silent',
  });
  const outputs = Object.values(metafile.outputs);
  assert.deepEqual(
    outputs.flatMap(({ imports }) => imports.map(({ path }) => path)),
    [],
    'everything is inside the bundles',
  );
  const ofNode = Object.keys(metafile.inputs).filter((path) => path.includes('src/node/'));
  assert.deepEqual(ofNode, [], 'files of the Node entry');
  assert.deepEqual(packagesIn(metafile), PORTABLE_PACKAGES, 'packages of the whole library');
  const names = builtinModules.map((name) => name.replace('/', '\\/')).join('|');
  const imports = new RegExp(`(from|import|require)\\s*\\(?\\s*["'](node:|(${names})["'])`);
  for (const name of FILES) {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.doesNotMatch(text, imports, `${name} imports a part of Node`);
    assert.doesNotMatch(text, /onnxruntime-node/, name);
  }
});

async function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    assert.fail(
      `there is no browser at ${CHROMIUM}; install Debian's chromium, name another with ` +
        'RESIDUUM_CHROMIUM, or leave this test out with RESIDUUM_SKIP_BROWSER=1',
    );
  }
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

test(
  'a page trains on two Web Workers and gets the losses of Node, bit for bit',
  options,
  async () => {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.location().url.endsWith('favicon.ico')) {
          complaints.push(message.text());
        }
      });
      const { port } = server.address() as AddressInfo;
      await page.goto(`http://127.0.0.1:${port}/`);
      assert.equal(await page.evaluate('crossOriginIsolated'), true);
      await page.waitForFunction('globalThis.residuumRun !== undefined', undefined, {
        timeout: 20_000,
      });
      const inBrowser = (await page.evaluate('globalThis.residuumRun')) as RunReport;
      assert.deepEqual(complaints, []);
      const inNode = await runResidual(library);
      assert.equal(inBrowser.replicas, 2);
      assert.equal(inBrowser.gemm, 'wasm');
      assert.equal(inBrowser.losses.length, 12);
      assert.ok(inBrowser.losses[11] < inBrowser.losses[0], 'it learns');
      assert.deepEqual(inBrowser, inNode);
    } finally {
      await browser.close();
    }
  },
);
