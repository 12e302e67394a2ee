// Builds everything: kernels to WebAssembly, TypeScript to dist/, the bundle for Node, and the `residuum`
// command of this checkout. Also the `prepare` script, so that `npm ci` leaves a checkout ready for use.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { listFiles, root } from './source-files.mjs';

const SOURCE_FOLDERS = ['src', 'cli', 'tests', 'examples', 'benchmarks'];
const COMMAND = 'dist/node/main.js';

/** Whether the development dependencies are there; `npm ci --omit=dev` leaves them out. */
function hasCompilers() {
  try {
    createRequire(import.meta.url).resolve('typescript');
    return true;
  } catch {
    return false;
  }
}

/** Removes what deleted or renamed sources left in dist/, so that no test of theirs still runs. */
function removeStaleOutputs() {
  for (const folder of SOURCE_FOLDERS) {
    for (const path of listFiles(`dist/${folder}`)) {
      const source = path.slice('dist/'.length).replace(/\.(d\.ts|js\.map|js)$/, '.ts');
      if (!existsSync(join(root, source))) rmSync(join(root, path));
    }
  }
}

/** Compiles TypeScript; returns the compiler's exit code. */
function compileTypeScript() {
  const sources = SOURCE_FOLDERS.flatMap(listFiles).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.d.ts'),
  );
  const isComplete = sources.every((path) =>
    existsSync(join(root, 'dist', path.replace(/\.ts$/, '.js'))),
  );
  // The compiler trusts its record of what it has written; an output removed by hand would stay away.
  if (!isComplete) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true });
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  return (
    spawnSync(process.execPath, [tsc, '--pretty', 'false'], { cwd: root, stdio: 'inherit' })
      .status ?? 1
  );
}

/**
 * Puts the command of this checkout where npm puts those of dependencies: npm itself does not do
 * that for a root package, and `npx residuum` would ask a registry.
 */
function linkCommand() {
  if (!existsSync(join(root, COMMAND))) return;
  chmodSync(join(root, COMMAND), 0o755);
  const folder = join(root, 'node_modules/.bin');
  mkdirSync(folder, { recursive: true });
  if (process.platform === 'win32') {
    const script = '@ECHO off\r\nnode "%~dp0\\..\\..\\dist\\node\\main.js" %*\r\n';
    writeFileSync(join(folder, 'residuum.cmd'), script);
    return;
  }
  const link = join(folder, 'residuum');
  const target = `../../${COMMAND}`;
  if (linkTarget(link) === target) return;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

/** Where a link leads; undefined when there is none. */
function linkTarget(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

if (hasCompilers()) {
  const { buildKernels } = await import('./build-kernels.mjs');
  await buildKernels();
  removeStaleOutputs();
  process.exitCode = compileTypeScript();
  if (process.exitCode === 0) {
    const { bundleNode } = await import('./bundle-node.mjs');
    await bundleNode();
  }
} else {
  console.log('Nothing was compiled: the development dependencies are not installed.');
}
linkCommand();
