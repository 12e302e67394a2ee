import type { FileHandle } from 'node:fs/promises';
import { DataError } from '../../core/errors.js';
import { errorCode, type FileSystem, readFileBounded, systemReason } from '../files.js';
import { advance, EMPTY_LOG, isTrainingEvent, type LogMark, logDigest } from './log-digest.js';
import type { RunEvent } from './run-event.js';

const LARGEST_LOG = 4 * 2 ** 30;
const NEWLINE = 0x0a;

/** The log of a run: one JSON object a line, only ever added to, and cut back when a run goes on. */
export class RunLog {
  /** Path of the file. */
  readonly path: string;
  readonly #files: FileSystem;
  #handle: FileHandle | undefined;
  #mark = EMPTY_LOG;
  #isEmpty = true;

  /** @param path of the file. @param files who keeps it. */
  constructor(path: string, files: FileSystem) {
    this.path = path;
    this.#files = files;
  }

  /** Whether there is no line. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** How far it goes. */
  get mark(): LogMark {
    return this.#mark;
  }

  /** Adds a line. @throws DataError when it cannot be written. */
  async append(event: RunEvent): Promise<void> {
    await this.#writing(async () => {
      this.#handle ??= await this.#files.open(this.path, 'a');
      await this.#handle.appendFile(`${JSON.stringify(event)}\n`);
    });
    this.#isEmpty = false;
    if (isTrainingEvent(event)) this.#mark = advance(this.#mark, event);
  }

  /** Waits until all that was added is on the disk. @throws DataError when it cannot be. */
  async sync(): Promise<void> {
    await this.#writing(async () => this.#handle?.datasync());
  }

  /** `logDigest` of all that is in the file. @throws DataError when it cannot be read. */
  async readDigest(): Promise<string> {
    return logDigest(new TextDecoder().decode(await this.#read()));
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /**
   * Takes back what came after a mark, so that the run that goes on from there can say it anew. Without a
   * mark, of a run of the first version, all that is whole stays.
   * @returns whether the log holds what the mark says.
   * @throws DataError when it cannot be read or written.
   */
  async cutBack(mark: LogMark | undefined): Promise<boolean> {
    const bytes = await this.#read();
    let length = 0;
    let found = EMPTY_LOG;
    for (const { line, end } of wholeLines(bytes)) {
      if (mark !== undefined && found.lines === mark.lines && length > 0) break;
      const event = parsed(line);
      if (event === undefined) break;
      if (isTrainingEvent(event)) found = advance(found, event);
      length = end;
    }
    if (length < bytes.length) {
      await this.#writing(() => this.#files.truncate(this.path, length));
    }
    this.#isEmpty = length === 0;
    this.#mark = mark ?? found;
    return mark === undefined || found.digest === mark.digest;
  }

  async #read(): Promise<Uint8Array> {
    try {
      return await readFileBounded(this.path, LARGEST_LOG, 'the log', { files: this.#files });
    } catch (error) {
      const isMissing = await this.#files.stat(this.path).then(
        () => false,
        (reason) => errorCode(reason) === 'ENOENT',
      );
      if (isMissing) return new Uint8Array(0);
      throw error;
    }
  }

  async #writing(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw new DataError(`cannot write ${this.path}: ${systemReason(error)}.`);
    }
  }
}

function* wholeLines(bytes: Uint8Array): Generator<{ line: Uint8Array; end: number }> {
  for (let start = 0; ; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline < 0) return;
    yield { line: bytes.subarray(start, newline), end: newline + 1 };
    start = newline + 1;
  }
}

function parsed(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(line));
  } catch {
    return undefined;
  }
}
