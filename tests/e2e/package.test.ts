import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from './cli/command.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a user's program may do with the package. */
const PROGRAM = `
import * as residuum from 'residuum';
import { findExperiment } from 'residuum/lab';

const { train } = await residuum.loadDataset('fashion-mnist-mini', { limit: 8 });
const model = residuum.smallResnet({ inputShape: [28, 28, 1], classes: 10 });
model.compile({ loss: 'categoricalCrossentropy', replicas: 2 });
const { history } = await model.fit(train, { batchSize: 4, verbose: false });
await model.dispose();
const svg = residuum.lineChart({ series: [{ name: 'loss', x: [1, 2], y: [3, 4] }] });
const png = await residuum.svgToPng(svg);
const error = await Promise.resolve('no-experiment').then(findExperiment).catch((error) => error);
const misnamed = Object.entries(residuum)
  .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error)
  .filter(([name, { name: own }]) => name !== own);
console.log(JSON.stringify({
  loss: history.loss,
  recipe: residuum.readRecipe('article').model.name,
  png: png.length,
  sameClass: error instanceof residuum.ResiduumError,
  misnamed,
}));
`;

/** Installs what npm would publish into a folder, beside the packages that it asks for, and nothing else. */
async function install(folder: string): Promise<string> {
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    { cwd: root },
  );
  const [{ filename }] = JSON.parse(stdout) as { filename: string }[];
  const packages = join(folder, 'node_modules');
  const home = join(packages, 'residuum');
  mkdirSync(home, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components', '1']);
  const { dependencies, optionalDependencies } = manifestOf(home);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    mkdirSync(dirname(join(packages, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
  return home;
}

interface Manifest {
  version: string;
  bin: { residuum: string };
  exports: object;
  dependencies: object;
  optionalDependencies: object;
}

function manifestOf(home: string): Manifest {
  return JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest;
}

/** All paths that the values of an object, and of the objects in it, name. */
function pathsIn(value: object | string): string[] {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(pathsIn);
}

test('TypeScript compiles the first example against the package', async (t) => {
  const folder = temporaryFolder(t);
  await install(folder);
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const example = readFileSync(join(root, 'examples/quick-start.ts'), 'utf8');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'node.ts'), example);
  writeFileSync(join(folder, 'bundler.ts'), example.replace("'residuum'", "'residuum/node'"));
  const compile = (file: string, ...options: string[]) => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const strict = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node'];
    return run(process.execPath, [tsc, ...strict, ...options, file], { cwd: folder });
  };
  await Promise.all([
    compile('node.ts', '--module', 'nodenext'),
    compile('bundler.ts', '--module', 'esnext', '--moduleResolution', 'bundler'),
  ]);
});

test('what npm would publish trains a network and has the command', async (t) => {
  const folder = temporaryFolder(t);
  const home = await install(folder);
  const { bin, exports, version } = manifestOf(home);
  const missing = pathsIn([bin, exports]).filter((path) => !existsSync(join(home, path)));
  assert.deepEqual(missing, []);

  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  const program = await run(process.execPath, ['program.mjs'], { cwd: folder });
  const { loss, recipe, png, sameClass, misnamed } = JSON.parse(program.stdout);
  assert.ok(loss[0] > 0, program.stdout);
  assert.equal(recipe, 'resnet50');
  assert.ok(png > 1000);
  assert.ok(sameClass, "an error of 'residuum/lab' is an instance of a class of 'residuum'");
  assert.deepEqual(misnamed, [], 'errors that the bundle has given other names');

  const command = (...args: string[]) =>
    run(process.execPath, [join(home, bin.residuum), ...args], { cwd: folder });
  assert.equal((await command('--version')).stdout, `${version}\n`);
  await command(
    'train',
    '--model',
    'small-resnet',
    '--limit',
    '8',
    '--epochs',
    '1',
    '--out',
    'run',
  );
  assert.ok(existsSync(join(folder, 'run', 'report.html')));
  await assert.rejects(command('bench'), /the bench is not part of the npm package/);
});
