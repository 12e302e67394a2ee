import { basename, dirname, join } from 'node:path';
import { DataError } from '../../core/errors.js';
import {
  errorCode,
  type FileSystem,
  systemReason,
  temporaryPath,
  writeThenRename,
} from '../files.js';

/** Generations of a file that are kept unless told otherwise. */
export const DEFAULT_GENERATIONS = 2;

/** `model.safetensors`, `model.previous.safetensors`, `model.previous-2.safetensors`, … */
export function generationPath(path: string, age: number): string {
  if (age === 0) return path;
  const [, stem, ending] = /^(.+?)(\.[^.]*)?$/.exec(basename(path)) ?? [];
  const suffix = age === 1 ? '.previous' : `.previous-${age}`;
  return join(dirname(path), `${stem}${suffix}${ending ?? ''}`);
}

/**
 * Replaces a file and keeps what it was as the previous generation. At every moment the path holds a
 * whole file, the old or the new one, and so does that of each generation: a kill or a full disk in the
 * middle costs at most the oldest.
 * @param keep generations in all, at least 2.
 * @throws DataError naming the file and the system's reason.
 */
export async function writeGeneration(
  path: string,
  chunks: readonly Uint8Array[] | string,
  files: FileSystem,
  keep = DEFAULT_GENERATIONS,
): Promise<void> {
  await writeThenRename(path, chunks, { files }, async () => {
    for (let age = keep - 1; age > 1; age--) {
      await ignoring(
        'ENOENT',
        files.rename(generationPath(path, age - 1), generationPath(path, age)),
      );
    }
    await ignoring('ENOENT', keepAs(path, generationPath(path, 1), files));
  });
}

/** The generations that there are, newest first. */
export async function listGenerations(path: string, files: FileSystem): Promise<string[]> {
  const names = new Set(await files.readdir(dirname(path)));
  const found: string[] = [];
  // Gaps are possible: a kill may have come between two renames.
  for (let age = 0; age < MOST_GENERATIONS; age++) {
    const one = generationPath(path, age);
    if (names.has(basename(one))) found.push(one);
  }
  return found;
}

/** Most generations that may be kept. */
export const MOST_GENERATIONS = 100;

/** Puts an earlier generation in place of a newer one that is damaged. */
export async function replaceBy(damaged: string, good: string, files: FileSystem): Promise<void> {
  try {
    await keepAs(good, damaged, files);
  } catch (error) {
    throw new DataError(`cannot write ${damaged}: ${systemReason(error)}.`);
  }
}

/** Gives a file a second name in place of whatever has it, so that no moment is without either. */
async function keepAs(path: string, kept: string, files: FileSystem): Promise<void> {
  const between = temporaryPath(kept);
  try {
    await files.link(path, between);
  } catch (error) {
    // Some file systems have no second names.
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
    await files.copyFile(path, between);
  }
  try {
    await files.rename(between, kept);
  } finally {
    // A rename between two names of one file, after a kill at this place, does nothing.
    await files.rm(between, { force: true });
  }
}

/** What systems say where files have no second names. */
export const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

async function ignoring(code: string, action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (errorCode(error) !== code) throw error;
  }
}
