import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder, repository } from './repository.js';

const SOURCES = join(repository, 'benchmarks/peers');

/**
 * The Python that the peers run in: `RESIDUUM_BENCH_PYTHON`, or that of a virtual environment in
 * `.bench/venv`, which is made when it is missing or its requirements changed.
 * @throws Error when it cannot be made.
 */
export function preparePython(log: (line: string) => void): string {
  const given = process.env.RESIDUUM_BENCH_PYTHON;
  if (given !== undefined) return given;
  const folder = join(benchFolder(), 'venv');
  const python = join(folder, 'bin/python');
  const requirements = join(SOURCES, 'requirements.txt');
  prepare(folder, requirements, () => {
    log('Installing the Python peers into .bench/venv (some minutes, once) …');
    run('python3', ['-m', 'venv', folder]);
    run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  });
  return python;
}

/**
 * The folder `.bench/npm` with the peers from npm, installed when missing or changed.
 * @throws Error when they cannot be had.
 */
export function prepareNpmPeers(log: (line: string) => void): string {
  const folder = join(benchFolder(), 'npm');
  const manifest = join(SOURCES, 'package.json');
  prepare(folder, manifest, () => {
    log('Installing the npm peers into .bench/npm …');
    copyFileSync(manifest, join(folder, 'package.json'));
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]);
  });
  return folder;
}

/** Does the work unless the folder says that it was done for these requirements. */
function prepare(folder: string, requirements: string, work: () => void): void {
  const stamp = join(folder, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  mkdirSync(folder, { recursive: true });
  work();
  writeFileSync(stamp, wanted);
}

function run(program: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim().split('\n').slice(-3).join(' ');
  throw new Error(`'${program} ${args.join(' ')}' failed: ${reason}`);
}
