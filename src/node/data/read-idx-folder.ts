import { createHash } from 'node:crypto';
import { access, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../../core/errors.js';
import type { DatasetFiles } from '../../data/catalog.js';
import { decodeIdx, type IdxArray } from '../../data/idx.js';
import { errorCode, readFileBounded, systemReason } from '../files.js';

/** Which of the four files. */
export type IdxRole = keyof DatasetFiles;

/** One of the four files, read. */
export interface IdxFile extends IdxArray {
  /** Its path, for error messages. */
  readonly source: string;
}

/** The roles in the order in which files are read and downloaded. */
export const IDX_ROLES: readonly IdxRole[] = [
  'trainImages',
  'trainLabels',
  'testImages',
  'testLabels',
];

const TITLES: Readonly<Record<IdxRole, string>> = {
  trainImages: 'the training images',
  trainLabels: 'the training labels',
  testImages: 'the test images',
  testLabels: 'the test labels',
};

const MAX_FILE_BYTES = 256 * 2 ** 20;
const MAX_CONTENT_BYTES = 256 * 2 ** 20;

/** How to read a folder of IDX files. */
export interface ReadIdxFolderOptions {
  /** Whether the contents must be those of the catalogue, by SHA-256; false unless told. */
  readonly verify?: boolean;
}

/**
 * Reads the four files of a data set in IDX format, each compressed (`.gz`) or plain, and nothing
 * that lies outside of `folder`: a link that leads out of it is refused.
 *
 * @throws DataError when the folder or a file is missing, unreadable, too large or (with `verify`)
 *   not the expected one; FormatError when a file is corrupt.
 */
export async function readIdxFolder(
  folder: string,
  files: DatasetFiles,
  options: ReadIdxFolderOptions = {},
): Promise<Record<IdxRole, IdxFile>> {
  const names = await listFolder(folder);
  const paths = new Map<IdxRole, string>();
  for (const role of IDX_ROLES) {
    const compressed = files[role].name;
    const plain = basename(compressed, '.gz');
    const name = [compressed, plain].find((candidate) => names.includes(candidate));
    if (name === undefined) {
      throw new DataError(
        `folder ${folder} lacks ${TITLES[role]}: there is neither ${compressed} nor ${plain}; ` +
          'a data folder holds the four IDX files of the data set.',
      );
    }
    paths.set(role, join(folder, name));
  }
  const read = async (role: IdxRole): Promise<IdxFile> => {
    const path = paths.get(role) ?? join(folder, files[role].name);
    await checkInside(path, TITLES[role]);
    const bytes = await readFileBounded(path, MAX_FILE_BYTES, TITLES[role]);
    const content = await decodeIdx(bytes, path, { maxBytes: MAX_CONTENT_BYTES });
    if (options.verify === true) checkContent(content, files[role].contentSha256, path);
    return { ...content, source: path };
  };
  return {
    trainImages: await read('trainImages'),
    trainLabels: await read('trainLabels'),
    testImages: await read('testImages'),
    testLabels: await read('testLabels'),
  };
}

/** Whether the folder has all four files, without reading them. */
export async function hasIdxFiles(folder: string, files: DatasetFiles): Promise<boolean> {
  for (const role of IDX_ROLES) {
    const compressed = join(folder, files[role].name);
    const plain = join(folder, basename(files[role].name, '.gz'));
    if (!(await exists(compressed)) && !(await exists(plain))) return false;
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const reason = errorCode(error) === 'ENOTDIR' ? 'it is no folder' : systemReason(error);
    throw new DataError(`cannot read the data folder ${folder}: ${reason}.`);
  }
}

async function checkInside(path: string, what: string): Promise<void> {
  let real: string;
  let folder: string;
  try {
    real = await realpath(path);
    folder = await realpath(dirname(path));
  } catch (error) {
    throw new DataError(`cannot read ${what} ${path}: ${systemReason(error)}.`);
  }
  if (dirname(real) !== folder) {
    throw new DataError(
      `cannot read ${what} ${path}: it is a link that leads out of its folder; copy the file there.`,
    );
  }
}

function checkContent(content: IdxArray, expected: string, path: string): void {
  // The header lies right before the data in the same memory.
  const header = 4 + 4 * content.shape.length;
  const { buffer, byteOffset, byteLength } = content.data;
  const whole = new Uint8Array(buffer, byteOffset - header, byteLength + header);
  const found = createHash('sha256').update(whole).digest('hex');
  if (found !== expected) {
    throw new DataError(
      `${path} has content of SHA-256 ${found}, but ${expected} was expected; delete it and run ` +
        'again to fetch it anew.',
    );
  }
}
