import { appendFile, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError, ValueError } from '../core/errors.js';
import type { StepProfile } from '../inspect/step-profile.js';
import type { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';
import { errorCode, readFileBounded, systemReason, writeFileAtomic } from './files.js';
import { loadModel, saveModel } from './model-files.js';
import { decodeRecord, encodeRecord } from './runs/decode-record.js';
import type { RunEvent } from './runs/run-event.js';
import type { RunRecord } from './runs/run-record.js';

const RECORD = 'run.json';
/** Name of the model's file in a run's folder. */
export const MODEL_OF_RUN = 'model.safetensors';
const LOG = 'log.jsonl';
const PROFILE = 'profile.json';
const REPORT = 'report.html';
const LARGEST_RECORD = 32 * 2 ** 20;
const MOST_RUNS = 1_000_000;

/** Whether a folder holds a run. */
export async function isRunFolder(path: string): Promise<boolean> {
  return stat(join(path, RECORD)).then(
    () => true,
    () => false,
  );
}

/**
 * The folder of a training run:
 *
 * - `run.json`: JSON with `format: "residuum-run"`, `version: 1` and the fields of `RunRecord`:
 *   status, settings, data, engine, position of the saved weights, figures of the epochs, test figures.
 * - `model.safetensors`: the model with weights and optimizer state, as `saveModel` writes it.
 * - `log.jsonl`: the run's events, one JSON object a line, the same as `residuum train --json` prints.
 * - `profile.json`, where the run was asked for it: an array of `StepProfile`, one for each kind of step
 *   and batch size.
 * - `report.html`, once the run is done: everything about it on one page.
 *
 * `run.json` and the model are each replaced whole, the model first. Its number of steps, not
 * `position`, decides where a run goes on that was killed between the two.
 */
export class RunFolder {
  /** Path of the folder, as it was given. */
  readonly path: string;
  /** The outermost folder that was made for the run, for removal. */
  readonly #created: string | undefined;

  private constructor(path: string, created?: string) {
    this.path = path;
    this.#created = created;
  }

  /**
   * Throws when a new run may not be put into a folder; makes nothing.
   * @throws DataError when the folder holds something, or cannot be looked into.
   */
  static async checkFree(path: string): Promise<void> {
    let names: string[];
    try {
      names = await readdir(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      const reason = errorCode(error) === 'ENOTDIR' ? 'it is no folder' : systemReason(error);
      throw new DataError(`the run cannot be saved in ${path}: ${reason}; choose another --out.`);
    }
    if (names.includes(RECORD)) {
      throw new DataError(
        `${path} already holds a run; go on with it by --resume ${path}, or choose another --out.`,
      );
    }
    if (names.length > 0) {
      throw new DataError(
        `${path} is not empty and is no run; choose a new or empty folder for --out.`,
      );
    }
  }

  /**
   * Makes a folder for a new run.
   * @param path of the folder. Without it: `runs/<name>-<number>`, the next free number.
   * @throws DataError when it cannot be made or is in use.
   */
  static async create(path: string | undefined, name: string): Promise<RunFolder> {
    if (path !== undefined) {
      await RunFolder.checkFree(path);
      return new RunFolder(path, await makeFolder(path));
    }
    const base = await makeFolder('runs');
    const taken = await readdir('runs');
    const numbers = taken.flatMap((entry) => {
      const match = entry.startsWith(`${name}-`)
        ? /^\d{1,7}$/.exec(entry.slice(name.length + 1))
        : null;
      return match === null ? [] : [Number(match[0])];
    });
    for (let number = Math.max(0, ...numbers) + 1; number < MOST_RUNS; number++) {
      const folder = join('runs', `${name}-${number}`);
      // Another process may take the same number; whoever makes the folder has it.
      const made = await makeFolder(folder);
      if (made !== undefined) return new RunFolder(folder, base ?? made);
    }
    throw new DataError(`there are too many runs in runs/; delete some, or choose --out.`);
  }

  /**
   * The folder of an earlier run.
   * @throws DataError when it is missing or no run.
   */
  static async open(path: string): Promise<RunFolder> {
    let isFolder: boolean;
    try {
      isFolder = (await stat(path)).isDirectory();
    } catch (error) {
      throw new DataError(`cannot open the run ${path}: ${systemReason(error)}.`);
    }
    if (!isFolder || !(await isRunFolder(path))) {
      const lack = isFolder ? `it has no ${RECORD}` : 'it is no folder';
      throw new DataError(
        `${path} is no run: ${lack}; a run is a folder that 'residuum train' made.`,
      );
    }
    return new RunFolder(path);
  }

  /** @throws DataError when it cannot be read. @throws FormatError when it is damaged. */
  async readRecord(): Promise<RunRecord> {
    const path = join(this.path, RECORD);
    const bytes = await readFileBounded(path, LARGEST_RECORD, 'the run');
    return decodeRecord(new TextDecoder().decode(bytes), path);
  }

  /** @throws DataError when it cannot be written; what was there stays. */
  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomic(join(this.path, RECORD), encodeRecord(record));
  }

  /**
   * The model, compiled, with the state of its optimizer.
   * @throws DataError when it cannot be read. @throws FormatError when it is damaged.
   */
  async readModel(options: ExecutorOptions = {}): Promise<Model> {
    const path = join(this.path, MODEL_OF_RUN);
    const model = await loadModel(path, options);
    if (model.compiled) return model;
    throw new ValueError(`${path} was saved without loss and optimizer, so it is no run's model.`);
  }

  /** @throws DataError when it cannot be written; what was there stays. */
  async writeModel(model: Model): Promise<void> {
    await saveModel(model, join(this.path, MODEL_OF_RUN));
  }

  /** @returns path of the file. @throws DataError when it cannot be written; what was there stays. */
  async writeProfile(profiles: readonly StepProfile[]): Promise<string> {
    const path = join(this.path, PROFILE);
    await writeFileAtomic(path, `${JSON.stringify(profiles)}\n`);
    return path;
  }

  /** Path of the log. */
  get logPath(): string {
    return join(this.path, LOG);
  }

  /** Writes the report and gives its path. @throws DataError when it cannot be written. */
  async writeReport(html: string): Promise<string> {
    const path = join(this.path, REPORT);
    await writeFileAtomic(path, html);
    return path;
  }

  /** Adds an event to the log. @throws DataError when it cannot be written. */
  async log(event: RunEvent): Promise<void> {
    const path = this.logPath;
    try {
      await appendFile(path, `${JSON.stringify(event)}\n`);
    } catch (error) {
      throw new DataError(`cannot write ${path}: ${systemReason(error)}.`);
    }
  }

  /** Takes back `create` and all that was written since, after a failure. */
  async remove(): Promise<void> {
    for (const name of [RECORD, MODEL_OF_RUN, LOG, PROFILE, REPORT]) {
      await rm(join(this.path, name), { force: true }).catch(() => undefined);
    }
    if (this.#created === undefined) return;
    const outermost = resolve(this.#created);
    for (let path = resolve(this.path); path.startsWith(outermost); path = dirname(path)) {
      try {
        await rmdir(path);
      } catch {
        return;
      }
    }
  }
}

/** Makes a folder and those around it; returns the outermost that was new, or undefined. */
async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await makeFolders(path);
  } catch (error) {
    const reason = errorCode(error) === 'EEXIST' ? 'it is no folder' : systemReason(error);
    throw new DataError(`cannot make the folder ${path}: ${reason}; choose another --out.`);
  }
}

/** One by one: Node's own way (`recursive`) never ends where the system makes no folders, as in /proc. */
async function makeFolders(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    const outermost = await makeFolders(dirname(path));
    if (outermost === undefined) throw error;
    await mkdir(path);
    return outermost;
  }
}
