// What runs in a page of headless Chromium: page.js train|gemm|jax-gemm [--batch 32] [--size 1024]
// [--replicas 2] [--npm FOLDER].
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { repository } from '../runner/repository.js';
import { residuumVersions } from '../runner/residuum-versions.js';
import { serve, whole } from './serve.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '32' },
    size: { type: 'string', default: '1024' },
    replicas: { type: 'string', default: '2' },
    npm: { type: 'string', default: '.bench/npm' },
    steps: { type: 'string' },
  },
});
const [work] = positionals;
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Bundles page and worker into a folder, as an application would. */
async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'residuum-bench-'));
  await build({
    entryPoints: {
      page: join(repository, 'dist/benchmarks/browser/page.js'),
      'cpu-worker': join(repository, 'dist/src/browser/cpu-worker.js'),
    },
    bundle: true,
    format: 'esm',
    outdir: folder,
    // The compiler's paths name the Node entry.
    alias: { residuum: join(repository, 'dist/src/browser.js') },
    logLevel: 'silent',
  });
  return folder;
}

async function serveFolders(folders: Readonly<Record<string, string>>) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (path === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html', ...ISOLATION });
      response.end(
        '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>',
      );
      return;
    }
    const prefix = Object.keys(folders).find((start) => path.startsWith(start)) ?? '/';
    try {
      const body = await readFile(join(folders[prefix], path.slice(prefix.length)));
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      response.writeHead(200, { 'Content-Type': type, ...ISOLATION });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function versionsOfWork(): Promise<Record<string, string>> {
  if (work !== 'jax-gemm') return residuumVersions();
  const manifest = join(values.npm, 'node_modules/@jax-js/jax/package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return { '@jax-js/jax': version };
}

/** A Chromium of the system; without one, playwright says where it looked for its own. */
function systemChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return names
    .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim())
    .find((path) => path);
}

const folder = await bundle();
const server = await serveFolders({ '/npm/': join(values.npm, 'node_modules'), '/': folder });
const browser = await chromium.launch({
  executablePath: systemChromium(),
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
const batch = whole('batch', values.batch);
const size = whole('size', values.size);
const { port } = server.address() as AddressInfo;
const query = new URLSearchParams({
  work,
  batch: `${batch}`,
  size: `${size}`,
  replicas: values.replicas,
});
await page.goto(`http://127.0.0.1:${port}/?${query}`);
await page.waitForFunction('globalThis.runSteps !== undefined');
await serve(
  {
    run: (count) => page.evaluate(`globalThis.runSteps(${count})`),
    ...(work === 'train'
      ? { work: batch, unit: 'images/s' }
      : { work: 2e-9 * size ** 3, unit: 'GFLOP/s' }),
    versions: { ...(await versionsOfWork()), chromium: browser.version() },
    close: async () => {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  },
  values.steps === undefined ? undefined : whole('steps', values.steps),
);
