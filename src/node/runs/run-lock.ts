import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { DataError } from '../../core/errors.js';
import {
  errorCode,
  type FileSystem,
  readFileBounded,
  systemReason,
  writeFileAtomic,
} from '../files.js';

const LARGEST_LOCK = 4096;

/** The process that works on a run. */
export interface RunHolder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts; empty where that cannot be told. */
  readonly began: string;
}

/**
 * Who works on the run that has this lock file; undefined when nobody does, a killed process included. Of
 * a process on another machine nothing can be told: it counts as alive.
 */
export async function lockHolder(path: string, files: FileSystem): Promise<RunHolder | undefined> {
  let holder: Partial<RunHolder>;
  try {
    const bytes = await readFileBounded(path, LARGEST_LOCK, 'the lock', { files });
    holder = JSON.parse(new TextDecoder().decode(bytes)) as Partial<RunHolder>;
  } catch {
    return undefined;
  }
  const { pid, host, began = '' } = holder;
  if (!Number.isSafeInteger(pid) || pid === undefined || pid < 1 || typeof host !== 'string') {
    return undefined;
  }
  const found = { pid, host, began };
  return isElsewhere(found) || (await isAlive(found)) ? found : undefined;
}

/**
 * Takes a run for this process. What a process on another machine has locked is taken over: as a rule it
 * is this one's forerunner in another container.
 * @throws DataError when another process has it, or the lock cannot be written.
 */
export async function takeLock(path: string, run: string, files: FileSystem): Promise<void> {
  const holder = await lockHolder(path, files);
  if (holder !== undefined && !isElsewhere(holder)) {
    throw new DataError(
      `run ${run} is being trained by process ${holder.pid}; stop that first, by Ctrl-C or kill ${holder.pid}.`,
    );
  }
  const own: RunHolder = {
    pid: process.pid,
    host: hostname(),
    began: await beginningOf(process.pid),
  };
  await writeFileAtomic(path, `${JSON.stringify(own)}\n`, { files });
}

/** Gives a run free. */
export async function releaseLock(path: string, files: FileSystem): Promise<void> {
  try {
    await files.rm(path, { force: true });
  } catch (error) {
    throw new DataError(`cannot remove ${path}: ${systemReason(error)}.`);
  }
}

function isElsewhere({ host }: RunHolder): boolean {
  return host !== hostname();
}

async function isAlive({ pid, began }: RunHolder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  // A number of a process is given again: only the beginning tells whether it is the same one.
  const now = await beginningOf(pid);
  return now === '' || began === '' || now === began;
}

/** Ticks from the start of the machine to that of the process, where Linux tells. */
async function beginningOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold spaces; the 20th field after it is the time.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
