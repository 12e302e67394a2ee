import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../node/main.js', import.meta.url));

/** The data set that ships with the repository. */
export const MINI_FOLDER = fileURLToPath(
  new URL('../../../../datasets/fashion-mnist-mini', import.meta.url),
);

/** What a command left behind. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command that runs. */
export interface Running {
  process: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves when the output on stdout matches. */
  outputs(pattern: RegExp): Promise<void>;
}

/** A folder that is removed when the test is over. */
export function temporaryFolder(context: { after(clean: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'residuum-cli-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the command line in a folder. */
export function start(args: readonly string[], cwd: string): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const outputs = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const check = () => pattern.test(stdout) && resolve();
      watchers.add(check);
      check();
      finished.then(() => reject(new Error(`never saw ${pattern}: ${stdout}${stderr}`)), reject);
    });
  return { process: child, finished, outputs };
}

/** Runs the command line in a folder to its end. */
export function residuum(args: readonly string[], cwd: string): Promise<Finished> {
  return start(args, cwd).finished;
}

/** The JSON objects of an output of one a line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
