// Bundles what runs in Node into dist/node/, for opening hundreds of small files takes most of a start.
// The entries share chunks, so that a class exists once, whichever entry a program takes it from. The
// worker lies beside them, where `new URL('./cpu-worker.js', import.meta.url)` looks for it.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { listFiles, root } from './source-files.mjs';

const FOLDER = 'dist/node';
const ENTRIES = {
  node: 'dist/src/node.js',
  lab: 'dist/src/node/lab.js',
  main: 'dist/cli/main.js',
  'cpu-worker': 'dist/src/node/cpu-worker.js',
};

/** Writes a file that differs from what is there, whole or not at all: a program may be reading it. */
function update(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

/** Brings the bundle up to date with the compiled files. */
export async function bundleNode() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Packages stay packages, and the bench is in the checkout alone.
    packages: 'external',
    external: [join(root, 'dist/benchmarks/*')],
    sourcemap: true,
    sourcesContent: false,
    write: false,
    logLevel: 'warning',
  });
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const { path, contents } of outputFiles) update(path, Buffer.from(contents));
  const current = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const path of listFiles(FOLDER)) {
    if (!current.has(basename(path))) rmSync(join(root, path));
  }
}
