import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Folder of this checkout. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * A Python with the frameworks that the fixtures are made with: `RESIDUUM_INTEROP_PYTHON`, or a virtual
 * environment that is made here once, in `.cache/interop`.
 */
export async function pythonWithFrameworks(): Promise<string> {
  const own = process.env.RESIDUUM_INTEROP_PYTHON;
  if (own !== undefined) return own;
  const folder = `${root}.cache/interop`;
  const python = `${folder}/bin/python`;
  if (!existsSync(python)) await run('python3', ['-m', 'venv', folder]);
  const requirements = `${root}tests/parity/requirements.txt`;
  await run(python, ['-m', 'pip', 'install', '--quiet', '--retries', '10', '-r', requirements], {
    maxBuffer: 2 ** 26,
  });
  return python;
}
