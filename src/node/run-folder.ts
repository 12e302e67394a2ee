import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError, ResiduumError } from '../core/errors.js';
import type { StepProfile } from '../inspect/step-profile.js';
import type { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';
import type { RunConfig } from './config/run-config.js';
import {
  errorCode,
  type FileSystem,
  isTemporaryName,
  nodeFiles,
  readFileBounded,
  systemReason,
  writeFileAtomic,
} from './files.js';
import { takeAverages } from './run-evaluation.js';
import { type Checkpoint, decodeCheckpoint, sealCheckpoint } from './runs/checkpoint.js';
import { decodeRecord, encodeRecord } from './runs/decode-record.js';
import {
  generationPath,
  listGenerations,
  MOST_GENERATIONS,
  replaceBy,
  writeGeneration,
} from './runs/generations.js';
import { lockHolder, type RunHolder, releaseLock, takeLock } from './runs/run-lock.js';
import { RunLog } from './runs/run-log.js';
import type { EvaluationSettings, RunRecord } from './runs/run-record.js';

const RECORD = 'run.json';
const MODEL = 'model.safetensors';
const LOG = 'log.jsonl';
const CONFIG = 'config.json';
const LOCK = '.lock';
const PROFILE = 'profile.json';
const REPORT = 'report.html';
const LARGEST_RECORD = 32 * 2 ** 20;
const LARGEST_MODEL = 4 * 2 ** 30;
const MOST_RUNS = 1_000_000;

/** Whether a folder holds a run. */
export async function isRunFolder(path: string): Promise<boolean> {
  const records = [RECORD, generationPath(RECORD, 1)];
  const found = await Promise.all(records.map((name) => stat(join(path, name)).catch(() => false)));
  return found.some((one) => one !== false);
}

/**
 * The folder of a training run:
 *
 * - `run.json`: JSON with `format: "residuum-run"`, `version: 2`, the checksum `sha256` of the whole file
 *   and the fields of `RunRecord`: status, settings, data, engine, figures of the epochs, test figures.
 * - `model.safetensors`: the newest checkpoint: the model with weights and optimizer state, as `saveModel`
 *   writes it, and in its metadata where the run stands and the checksum of all bytes.
 * - `log.jsonl`: the run's events, one JSON object a line, the same as `residuum train --json` prints. After
 *   an interruption it is cut back to the checkpoint, so that at the end it is the log of a run that was
 *   never interrupted.
 * - `config.json`: the same settings as a description that `residuum train` takes.
 * - `profile.json`, where the run was asked for it: an array of `StepProfile`, one for each kind of step
 *   and batch size.
 * - `report.html`, once the run is done: everything about it on one page.
 * - `run.previous.json`, `model.previous.safetensors`: the generation before, for the day that the disk
 *   loses a bit; `.lock` while a process works on the run.
 *
 * Each file is replaced whole. Where a run goes on is told by the checkpoint alone, which cannot be torn
 * from its weights; `run.json` tells what the run is.
 */
export class RunFolder {
  /** Path of the folder, as it was given. */
  readonly path: string;
  /** The outermost folder that was made for the run, for removal. */
  readonly #created: string | undefined;
  readonly #files: FileSystem;
  readonly #notes: string[] = [];
  /** Whether everything in the folder must have a checksum; known once `run.json` is read or written. */
  #isSealed: boolean | undefined;
  #isLocked = false;
  /** Which weights the run is evaluated with; known when `#isSealed` is. */
  #evaluated: EvaluationSettings['weights'];
  readonly #damaged: { damaged: string; good: string }[] = [];

  private constructor(path: string, files: FileSystem, created?: string) {
    this.path = path;
    this.#files = files;
    this.#created = created;
  }

  /** Sentences about what was found damaged, and what is used instead. */
  get notes(): readonly string[] {
    return this.#notes;
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
    // A process that was killed at once leaves these behind.
    if (names.some((name) => name !== LOCK && !isTemporaryName(name))) {
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
  static async create(
    path: string | undefined,
    name: string,
    files: FileSystem = nodeFiles,
  ): Promise<RunFolder> {
    if (path !== undefined) {
      await RunFolder.checkFree(path);
      return new RunFolder(path, files, await makeFolder(path));
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
      if (made !== undefined) return new RunFolder(folder, files, base ?? made);
    }
    throw new DataError(`there are too many runs in runs/; delete some, or choose --out.`);
  }

  /**
   * The folder of an earlier run.
   * @throws DataError when it is missing or no run.
   */
  static async open(path: string, files: FileSystem = nodeFiles): Promise<RunFolder> {
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
    return new RunFolder(path, files);
  }

  /**
   * Takes the run for this process, and clears away what a process that was killed has left.
   * @throws DataError when another process works on it, or the folder cannot be written.
   */
  async lock(): Promise<void> {
    await takeLock(join(this.path, LOCK), this.path, this.#files);
    this.#isLocked = true;
    for (const name of await readdir(this.path)) {
      if (isTemporaryName(name)) await this.#files.rm(join(this.path, name), { force: true });
    }
  }

  /** Gives the run free again. */
  async unlock(): Promise<void> {
    if (!this.#isLocked) return;
    this.#isLocked = false;
    await releaseLock(join(this.path, LOCK), this.#files);
  }

  /** The process that works on the run, if one does. */
  async holder(): Promise<RunHolder | undefined> {
    return lockHolder(join(this.path, LOCK), this.#files);
  }

  /**
   * What the run is, from the newest `run.json` that is whole.
   * @throws DataError when it cannot be read. @throws FormatError when it is damaged.
   */
  async readRecord(): Promise<RunRecord> {
    const { record, sealed } = await this.#newest(
      RECORD,
      LARGEST_RECORD,
      'the run',
      (bytes, path) => decodeRecord(new TextDecoder().decode(bytes), path),
    );
    this.#isSealed = sealed;
    this.#evaluated = record.settings.evaluate?.weights;
    return record;
  }

  /** @throws DataError when it cannot be written; what was there stays. */
  async writeRecord(record: RunRecord): Promise<void> {
    await writeGeneration(join(this.path, RECORD), encodeRecord(record), this.#files);
    this.#isSealed = true;
    this.#evaluated = record.settings.evaluate?.weights;
  }

  /**
   * The newest checkpoint that is whole: the model, compiled, with the state of its optimizer, and where
   * the run stands, which runs of the first version do not tell.
   * @throws DataError when it cannot be read. @throws FormatError when it is damaged.
   */
  async readCheckpoint(options: ExecutorOptions = {}): Promise<Checkpoint> {
    if (this.#isSealed === undefined) await this.readRecord();
    const sealed = this.#isSealed !== false;
    return this.#newest(MODEL, LARGEST_MODEL, 'model file', (bytes, path) =>
      decodeCheckpoint(bytes, path, sealed, options),
    );
  }

  /**
   * The model of the newest checkpoint that is whole, with the weights that the run is evaluated with.
   * @throws as `readCheckpoint`.
   */
  async readModel(options: ExecutorOptions = {}): Promise<Model> {
    const { model } = await this.readCheckpoint(options);
    if (this.#evaluated === 'ema') await takeAverages(model);
    return model;
  }

  /** Whether there is any checkpoint, whole or not. */
  async hasCheckpoint(): Promise<boolean> {
    return (await listGenerations(join(this.path, MODEL), this.#files)).length > 0;
  }

  /**
   * Writes a checkpoint and keeps the ones before it.
   * @param pieces as `encodeCheckpoint` made them. @param keep how many there are then, at least 2.
   * @throws DataError when it cannot be written; what was there stays.
   */
  async writeCheckpoint(pieces: readonly Uint8Array[], keep?: number): Promise<void> {
    await writeGeneration(join(this.path, MODEL), sealCheckpoint(pieces), this.#files, keep);
  }

  /**
   * Puts earlier generations in place of those that are damaged, so that the next write cannot push the
   * last good one out.
   */
  async repair(): Promise<void> {
    for (const { damaged, good } of this.#damaged) {
      await replaceBy(damaged, good, this.#files);
    }
    this.#damaged.length = 0;
  }

  /** Reads the newest generation that is whole, and notes those that are not. */
  async #newest<T>(
    name: string,
    most: number,
    what: string,
    decode: (bytes: Uint8Array, path: string) => T | Promise<T>,
  ): Promise<T> {
    const first = join(this.path, name);
    const files = this.#files;
    const paths = await listGenerations(first, files);
    const failures: ResiduumError[] = [];
    for (const path of paths.length === 0 ? [first] : paths) {
      try {
        const content = await decode(await readFileBounded(path, most, what, { files }), path);
        if (path !== first) this.#fallBack(first, path, failures);
        return content;
      } catch (error) {
        if (!(error instanceof ResiduumError)) throw error;
        failures.push(error);
      }
    }
    throw failures[0];
  }

  #fallBack(damaged: string, good: string, failures: readonly ResiduumError[]): void {
    this.#damaged.push({ damaged, good });
    const reason = failures[0]?.message ?? `${damaged} is missing.`;
    this.#notes.push(`${reason} The generation before it is whole and is used: ${basename(good)}.`);
  }

  /** @returns path of the file. @throws DataError when it cannot be written; what was there stays. */
  async writeProfile(profiles: readonly StepProfile[]): Promise<string> {
    const path = join(this.path, PROFILE);
    await writeFileAtomic(path, `${JSON.stringify(profiles)}\n`, { files: this.#files });
    return path;
  }

  /** The log, to be added to. */
  log(): RunLog {
    return new RunLog(this.logPath, this.#files);
  }

  /** Writes what the run is as a description for `train`. @throws DataError when it cannot be written. */
  async writeConfig(config: RunConfig): Promise<void> {
    const text = `${JSON.stringify(config, undefined, 2)}\n`;
    await writeFileAtomic(join(this.path, CONFIG), text, { files: this.#files });
  }

  /** Path of the log. */
  get logPath(): string {
    return join(this.path, LOG);
  }

  /** Writes the report and gives its path. @throws DataError when it cannot be written. */
  async writeReport(html: string): Promise<string> {
    const path = join(this.path, REPORT);
    await writeFileAtomic(path, html, { files: this.#files });
    return path;
  }

  /** Takes back `create` and all that was written since, after a failure. */
  async remove(): Promise<void> {
    const generations = [RECORD, MODEL].flatMap((name) =>
      Array.from({ length: MOST_GENERATIONS }, (_, age) => generationPath(name, age)),
    );
    const own = new Set([...generations, LOG, CONFIG, PROFILE, REPORT, LOCK]);
    // Without the lock nothing in it is ours: another process may have begun a run here.
    const names = this.#isLocked ? await readdir(this.path).catch(() => []) : [];
    for (const name of names) {
      if (!own.has(name) && !isTemporaryName(name)) continue;
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
