import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { DataError } from '../../core/errors.js';
import {
  errorCode,
  type FileSystem,
  readFileBounded,
  systemReason,
  temporaryPath,
  writeFileAtomic,
} from '../files.js';
import { NO_LINKS } from './generations.js';

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
  // Before the file is read: what another process puts there from now on is not removed.
  const isThere = await files.stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) {
    const holder = await lockHolder(path, files);
    if (holder !== undefined && !isElsewhere(holder)) throw heldBy(holder, run);
    await releaseLock(path, files);
  }
  const own: RunHolder = {
    pid: process.pid,
    host: hostname(),
    began: await beginningOf(process.pid),
  };
  if (await makeLock(path, `${JSON.stringify(own)}\n`, files)) return;
  throw heldBy(await lockHolder(path, files), run);
}

function heldBy(holder: RunHolder | undefined, run: string): DataError {
  if (holder === undefined) return new DataError(`run ${run} was taken by another process.`);
  return new DataError(
    `run ${run} is being trained by process ${holder.pid}; stop that first, by Ctrl-C or kill ${holder.pid}.`,
  );
}

/**
 * Makes a lock, whole at once, unless there is one. @returns whether it was made.
 * @throws DataError when it cannot be written.
 */
async function makeLock(path: string, text: string, files: FileSystem): Promise<boolean> {
  const temporary = temporaryPath(path);
  try {
    const handle = await files.open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await files.link(temporary, path);
    return true;
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw new DataError(`cannot write ${path}: ${systemReason(error)}.`);
    await writeFileAtomic(path, text, { files });
    return true;
  } finally {
    await files.rm(temporary, { force: true }).catch(() => undefined);
  }
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
