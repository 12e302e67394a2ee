import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../../core/errors.js';
import type { DatasetFile, IdxDatasetRow } from '../../data/catalog.js';
import { syncFolder, systemReason } from '../files.js';
import { IDX_ROLES } from './read-idx-folder.js';

/** How far a download has come, counted over all files of the data set. */
export interface DownloadProgress {
  readonly dataset: string;
  /** Name of the file that is on its way. */
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** How to download. */
export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Longest wait for the next byte, in milliseconds; 30,000 unless told. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Downloads the four files of a data set from their home into `folder`. They are received into a
 * temporary folder beside it and moved only when each has its size and its SHA-256, so that a failure
 * leaves nothing behind.
 *
 * @throws DataError when the data set has no home, the network fails or is silent for too long, a
 *   file is not the expected one, the disk refuses, or `signal` aborts.
 */
export async function downloadDataset(
  row: IdxDatasetRow,
  folder: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { home } = row;
  if (home === undefined) throw new DataError(`${row.title} cannot be downloaded: it has no home.`);
  const files = IDX_ROLES.map((role) => row.files[role]);
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const parent = dirname(folder);
  let firstCreated: string | undefined;
  let temporary: string | undefined;
  let done = false;
  try {
    firstCreated = await mkdir(parent, { recursive: true });
    temporary = await mkdtemp(join(parent, `.${row.name}-`));
    let before = 0;
    for (const file of files) {
      await downloadFile(new URL(file.name, home), join(temporary, file.name), file, {
        ...options,
        onBytes: (received) =>
          options.onProgress?.({
            dataset: row.name,
            file: file.name,
            receivedBytes: before + received,
            totalBytes,
          }),
      });
      before += file.bytes;
    }
    await mkdir(folder, { recursive: true });
    for (const file of files) await rename(join(temporary, file.name), join(folder, file.name));
    await syncFolder(folder);
    done = true;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`cannot keep ${row.title} in ${folder}: ${systemReason(error)}.`);
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    if (!done && firstCreated !== undefined) await removeEmpty(parent, firstCreated);
  }
}

async function downloadFile(
  url: URL,
  path: string,
  file: DatasetFile,
  options: DownloadOptions & { readonly onBytes: (received: number) => void },
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), timeoutMs);
  const signals = options.signal === undefined ? [idle.signal] : [idle.signal, options.signal];
  const failure = (problem: string) => new DataError(`cannot download ${url}: ${problem}.`);
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any(signals),
      // The checksum is that of the compressed file, so nothing may expand it on the way.
      headers: { 'accept-encoding': 'identity' },
    });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw failure(`the server answered ${response.status} ${response.statusText}`.trimEnd());
    }
    const hash = createHash('sha256');
    const handle = await open(path, 'wx');
    const reader = response.body.getReader();
    let received = 0;
    try {
      for (;;) {
        const { value: chunk } = await reader.read();
        if (chunk === undefined) break;
        timer.refresh();
        received += chunk.length;
        if (received > file.bytes) {
          throw failure(`more than the expected ${file.bytes} bytes came`);
        }
        hash.update(chunk);
        await handle.writeFile(chunk);
        options.onBytes(received);
      }
      await handle.sync();
    } finally {
      await reader.cancel().catch(() => undefined);
      await handle.close();
    }
    if (received !== file.bytes) {
      throw failure(`${received} bytes came, but ${file.bytes} were expected`);
    }
    const found = hash.digest('hex');
    if (found !== file.sha256) {
      throw failure(`its SHA-256 is ${found}, but ${file.sha256} was expected`);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    if (options.signal?.aborted === true) throw failure('it was stopped');
    if (idle.signal.aborted) throw failure(`nothing came for ${timeoutMs / 1000} s`);
    throw failure(
      `${networkReason(error)}; with the files from elsewhere, name their folder by --data or dataDir`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` hides the system's reason behind "fetch failed". */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return systemReason(error);
  // A host with several addresses fails with an AggregateError, whose own message is empty.
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

/** Removes the folders that this download created, from `folder` up to `first`, while empty. */
async function removeEmpty(folder: string, first: string): Promise<void> {
  for (let current = folder; current.startsWith(first); current = dirname(current)) {
    try {
      await rmdir(current);
    } catch {
      return;
    }
  }
}
