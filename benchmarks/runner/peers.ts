import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder, repository } from './repository.js';

/** Where PyTorch's wheels without GPU libraries are; those of PyPI are some gigabytes larger. */
const CPU_WHEELS = 'https://download.pytorch.org/whl/cpu';
const REACH_SECONDS = 5;
const REACH_SCRIPT = `import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + '/torch/', timeout=${REACH_SECONDS}).read(1)`;

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
    const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '2'];
    run(python, [...pip, ...cpuWheels(python, log), '-r', requirements]);
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

/** Options of pip for the small wheels, if their host answers: pip alone would try it for minutes. */
function cpuWheels(python: string, log: (line: string) => void): string[] {
  const timeout = 2000 * REACH_SECONDS;
  const { status } = spawnSync(python, ['-c', REACH_SCRIPT, CPU_WHEELS], { timeout });
  // A local version such as 2.15.0+cpu comes before the plain one of the same number.
  if (status === 0) return ['--extra-index-url', CPU_WHEELS];
  log(`${CPU_WHEELS} does not answer: PyTorch comes with its GPU libraries, some gigabytes.`);
  return [];
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
