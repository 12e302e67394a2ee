import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { pythonWithFrameworks, root } from './python-environment.js';

const LARGEST_OUTPUT = 2 ** 28;

/**
 * Runs a script of `tests/interop` with the frameworks and gives what it prints.
 * @param script name or whole path of the file. @param args its arguments.
 */
export async function runPython(script: string, ...args: string[]): Promise<string> {
  const python = await pythonWithFrameworks();
  const options = {
    maxBuffer: LARGEST_OUTPUT,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', KERAS_BACKEND: 'tensorflow' },
  };
  const path = resolve(root, 'tests/interop', script);
  const { stdout } = await promisify(execFile)(python, [path, ...args], options);
  return stdout;
}
