import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import * as promises from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../core/errors.js';

/** Bytes that are read or written in one go. */
const LARGEST_TRANSFER = 2 ** 24;

/** What runs are kept with: the part of Node's own that is used, so that a test can let any call fail. */
export type FileSystem = Pick<
  typeof promises,
  'open' | 'rename' | 'rm' | 'stat' | 'link' | 'copyFile' | 'readdir' | 'truncate'
>;

/** The file system of the machine. */
export const nodeFiles: FileSystem = promises;

/** Options of `writeFileAtomic`. */
export interface WriteFileOptions {
  /** Hears how many bytes are written so far. */
  readonly onWritten?: (bytes: number) => void;
  /** Who keeps the file; default the machine. */
  readonly files?: FileSystem;
}

/**
 * Writes a file so that a reader sees either the old content or the whole new one: a temporary file
 * in the same folder, flushed to the disk, then renamed over `path`, then the folder flushed. On any
 * failure the temporary file is removed and `path` is as it was.
 *
 * @param chunks the content in order.
 * @throws DataError naming the file and the system's reason.
 */
export async function writeFileAtomic(
  path: string,
  chunks: readonly Uint8Array[] | Uint8Array | string,
  options: WriteFileOptions = {},
): Promise<void> {
  await writeThenRename(path, chunks, options);
}

/**
 * `writeFileAtomic` with something to do between writing the new content and putting it in place.
 * @param beforeRename called when the temporary file is whole and on the disk.
 * @throws DataError naming the file and the system's reason.
 */
export async function writeThenRename(
  path: string,
  chunks: readonly Uint8Array[] | Uint8Array | string,
  { onWritten, files = nodeFiles }: WriteFileOptions,
  beforeRename?: () => Promise<void>,
): Promise<void> {
  const temporary = temporaryPath(path);
  const pieces = typeof chunks === 'string' ? [new TextEncoder().encode(chunks)] : chunks;
  try {
    const handle = await files.open(temporary, 'wx');
    try {
      let written = 0;
      for (const piece of pieces instanceof Uint8Array ? [pieces] : pieces) {
        for (let start = 0; start < piece.length; start += LARGEST_TRANSFER) {
          const part = piece.subarray(start, start + LARGEST_TRANSFER);
          await handle.writeFile(part);
          written += part.length;
          onWritten?.(written);
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await beforeRename?.();
    await files.rename(temporary, path);
    await syncFolder(dirname(path), files);
  } catch (error) {
    await files.rm(temporary, { force: true }).catch(() => undefined);
    throw new DataError(`cannot write ${path}: ${systemReason(error)}.`);
  }
}

/** A name for a temporary file beside `path` that no other process chooses. */
export function temporaryPath(path: string): string {
  const tag = randomBytes(6).toString('hex');
  return join(dirname(path), `.${basename(path)}.${process.pid}.${tag}.tmp`);
}

/** Whether a file name is one that `temporaryPath` made, of any process. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/** Makes a rename in `folder` durable, where the platform can (Windows cannot open folders). */
export async function syncFolder(folder: string, files: FileSystem = nodeFiles): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await files.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Options of `readFileBounded`. */
export interface ReadFileOptions {
  /** Hears how many bytes are read so far, and how many there are. */
  readonly onRead?: (bytes: number, total: number) => void;
  /** Who keeps the file; default the machine. */
  readonly files?: FileSystem;
}

/**
 * Reads a regular file of at most `maxBytes` bytes.
 *
 * @param what what the file is, such as `the training images`, for error messages.
 * @throws DataError when the file is missing, unreadable, no regular file or too large.
 */
export async function readFileBounded(
  path: string,
  maxBytes: number,
  what: string,
  { onRead, files = nodeFiles }: ReadFileOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // Asked before opening: to open a named pipe would wait for a writer.
    const { size } = regular(await files.stat(path), path, what);
    if (size > maxBytes) throw tooLarge(path, what, size, maxBytes);
    const handle = await files.open(path, 'r');
    try {
      const found = regular(await handle.stat(), path, what).size;
      if (found > maxBytes) throw tooLarge(path, what, found, maxBytes);
      const bytes = new Uint8Array(found);
      let filled = 0;
      while (filled < found) {
        const length = Math.min(found - filled, LARGEST_TRANSFER);
        const { bytesRead } = await handle.read(bytes, filled, length, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
        onRead?.(filled, found);
      }
      return filled === found ? bytes : bytes.slice(0, filled);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`cannot read ${what} ${path}: ${systemReason(error)}.`);
  }
}

/**
 * Size of a regular file of at most `maxBytes` bytes, without opening it.
 * @throws DataError when the file is missing, no regular file or too large.
 */
export function regularFileSize(path: string, maxBytes: number, what: string): number {
  try {
    const { size } = regular(statSync(path), path, what);
    if (size > maxBytes) throw tooLarge(path, what, size, maxBytes);
    return size;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`cannot read ${what} ${path}: ${systemReason(error)}.`);
  }
}

/** What the operating system said, in words for the person at the terminal. */
export function systemReason(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission was denied';
    case 'ENOTDIR':
      return 'a part of the path is no folder';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'EFBIG':
      return 'files may not be that large here';
    case 'EROFS':
      return 'the disk can only be read';
    case 'EIO':
      return 'the disk reports an error';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function regular<T extends { isFile(): boolean }>(found: T, path: string, what: string): T {
  if (!found.isFile()) throw new DataError(`cannot read ${what} ${path}: it is no regular file.`);
  return found;
}

function tooLarge(path: string, what: string, size: number, maxBytes: number): DataError {
  return new DataError(
    `cannot read ${what} ${path}: it has ${size} bytes, more than the ${maxBytes} allowed.`,
  );
}
