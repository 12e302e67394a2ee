import type { FileHandle } from 'node:fs/promises';
import { type FileSystem, nodeFiles } from '../../src/node/files.js';

/** A file system whose disk fails: from some call on, or at that call alone. */
export interface FailingFiles {
  readonly files: FileSystem;
  /** Calls so far that change something on the disk. */
  readonly calls: number;
}

const CHANGES_FILES = new Set(['rename', 'link', 'copyFile', 'truncate']);
const CHANGES_A_FILE = new Set(['writeFile', 'appendFile', 'sync', 'datasync']);

/**
 * The machine's file system, but for a failure.
 * @param code of the system's error. @param first which call that changes something fails, from 1.
 * @param lasting whether all later ones fail too, as on a disk that is full.
 */
export function failingFiles(code: string, first: number, lasting: boolean): FailingFiles {
  const disk = { calls: 0 };
  const touch = () => {
    disk.calls++;
    if (disk.calls === first || (lasting && disk.calls > first)) {
      throw Object.assign(new Error(`${code}: failed on purpose`), { code });
    }
  };
  const guarded = <T extends object>(target: T, changes: ReadonlySet<string>): T =>
    new Proxy(target, {
      get(object, name) {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (changes.has(String(name))) touch();
          return value.apply(object, args) as unknown;
        };
      },
    });
  const files = guarded({ ...nodeFiles }, CHANGES_FILES);
  const open: FileSystem['open'] = async (path, flags, mode) => {
    if (flags !== 'r') touch();
    return guarded<FileHandle>(await nodeFiles.open(path, flags, mode), CHANGES_A_FILE);
  };
  return {
    files: {
      ...nodeFiles,
      rename: files.rename,
      link: files.link,
      copyFile: files.copyFile,
      truncate: files.truncate,
      open,
    },
    get calls() {
      return disk.calls;
    },
  };
}
