import { appendFile, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../core/errors.js';
import {
  EVENT_VERSION,
  type EventContent,
  encodeEvent,
} from '../../formats/tensorboard/encode-event.js';
import { encodeRecord } from '../../formats/tensorboard/encode-record.js';
import { systemReason } from '../files.js';

let files = 0;

/** A file of events that TensorBoard reads while it grows; made with the first event. */
export class EventFile {
  /** Folder of the file. */
  readonly folder: string;
  #path: string | undefined;

  /** @param folder where the file comes; it is made. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Adds an event, at once on the disk's side. @throws {DataError} when it cannot be written. */
  async add(step: number, content: EventContent): Promise<void> {
    try {
      this.#path ??= await this.#begin();
      await appendFile(this.#path, record(step, content));
    } catch (error) {
      throw new DataError(`cannot write events to ${this.folder}: ${systemReason(error)}.`);
    }
  }

  async #begin(): Promise<string> {
    await mkdir(this.folder, { recursive: true });
    const seconds = Math.floor(Date.now() / 1000);
    const name = `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${files++}.v2`;
    const path = join(this.folder, name);
    await appendFile(path, record(0, { version: EVENT_VERSION }));
    return path;
  }
}

function record(step: number, content: EventContent): Uint8Array {
  return encodeRecord(encodeEvent(Date.now() / 1000, step, content));
}
