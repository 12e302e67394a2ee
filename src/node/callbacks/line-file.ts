import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError } from '../../core/errors.js';
import { readFileBounded, systemReason, writeFileAtomic } from '../files.js';

const LARGEST_LOG = 2 ** 30;

/** A text file that grows by lines while training runs. */
export class LineFile {
  /** Path of the file. */
  readonly path: string;

  /** @param path of the file; its folder is made. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Begins the file anew, or goes on with it.
   * @param keep which lines of an earlier run stay; a last line without its end never does. Undefined
   * begins anew.
   * @returns the lines that stayed. @throws {DataError} when the file cannot be read or written.
   */
  async begin(keep?: (line: string, index: number) => boolean): Promise<string[]> {
    try {
      await mkdir(dirname(this.path), { recursive: true });
    } catch (error) {
      throw new DataError(`cannot write ${this.path}: ${systemReason(error)}.`);
    }
    const kept = keep === undefined ? [] : (await this.#lines()).filter(keep);
    await writeFileAtomic(this.path, kept.map((line) => `${line}\n`).join(''));
    return kept;
  }

  /** Adds a line. @throws {DataError} when it cannot be written. */
  async add(line: string): Promise<void> {
    try {
      await appendFile(this.path, `${line}\n`);
    } catch (error) {
      throw new DataError(`cannot write ${this.path}: ${systemReason(error)}.`);
    }
  }

  async #lines(): Promise<string[]> {
    if (!existsSync(this.path)) return [];
    const bytes = await readFileBounded(this.path, LARGEST_LOG, 'the log');
    return new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  }
}
