import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Folder of this checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * A Python with the frameworks that the fixtures are made with: `RESIDUUM_INTEROP_PYTHON`, or a virtual
 * environment that is made here once, in `.cache/interop`. Test files run side by side, so one makes it
 * and the others wait.
 */
export async function pythonWithFrameworks(): Promise<string> {
  const own = process.env.RESIDUUM_INTEROP_PYTHON;
  if (own !== undefined) return own;
  const cache = `${root}.cache`;
  await mkdir(cache, { recursive: true });
  return alone(`${cache}/interop.lock`, () => prepare(`${cache}/interop`));
}

async function prepare(folder: string): Promise<string> {
  const python = `${folder}/bin/python`;
  const requirements = await readFile(`${root}tests/parity/requirements.txt`, 'utf8');
  const stamp = `${folder}/requirements.txt`;
  const installed = await readFile(stamp, 'utf8').catch(() => undefined);
  if (installed === requirements) return python;
  await run('python3', ['-m', 'venv', folder]);
  const file = `${root}tests/parity/requirements.txt`;
  await run(python, ['-m', 'pip', 'install', '--quiet', '--retries', '10', '-r', file], {
    maxBuffer: 2 ** 26,
  });
  await writeFile(stamp, requirements);
  return python;
}

const WAIT = 500;

/** Works while no other process does behind the same lock; one that died holds none. */
async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    await new Promise((resolve) => setTimeout(resolve, WAIT));
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
