import { closeSync, openSync, readSync } from 'node:fs';
import { DataError, ValueError } from '../../core/errors.js';
import {
  CIFAR_PIXELS,
  type CifarLayout,
  cifarLabel,
  cifarPixels,
  cifarRecordBytes,
  cifarRecords,
} from '../../data/cifar.js';
import { checkDestination, type Dataset } from '../../data/dataset.js';
import { regularFileSize, systemReason } from '../files.js';

const SHAPE = [32, 32, 3];
/** Records that are read at a time when labels are looked through. */
const CHUNK_RECORDS = 256;
const LARGEST_FILE = 2 ** 30;

/** One file and the samples that it holds. */
interface CifarFile {
  readonly path: string;
  readonly from: number;
  readonly count: number;
}

/**
 * Images of CIFAR's binary files, which stay on the disk: labels are kept in memory, pixels are read when
 * a batch asks for them.
 */
export class CifarDataset implements Dataset {
  readonly size: number;
  readonly inputShapes = [SHAPE];
  readonly targetShapes: readonly (readonly number[])[];
  readonly classNames: readonly string[];
  readonly #files: readonly CifarFile[];
  readonly #layout: CifarLayout;
  readonly #labels: Uint8Array;
  readonly #record: Uint8Array;

  /**
   * Looks through the labels of all files.
   * @throws DataError when a file cannot be read; FormatError when it is no CIFAR file.
   */
  constructor(paths: readonly string[], layout: CifarLayout, classNames: readonly string[]) {
    const files: CifarFile[] = [];
    let size = 0;
    for (const path of paths) {
      const bytes = regularFileSize(path, LARGEST_FILE, 'the CIFAR file');
      const count = cifarRecords(bytes, layout, path);
      files.push({ path, from: size, count });
      size += count;
    }
    this.size = size;
    this.targetShapes = [[layout.classes]];
    this.classNames = classNames;
    this.#files = files;
    this.#layout = layout;
    this.#record = new Uint8Array(cifarRecordBytes(layout));
    this.#labels = new Uint8Array(size);
    for (const file of files) this.#readLabels(file);
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): void {
    checkDestination('input', this.inputShapes, inputs, indices.length);
    checkDestination('target', this.targetShapes, targets, indices.length);
    const { classes } = this.#layout;
    targets[0].fill(0, 0, indices.length * classes);
    for (let i = 0; i < indices.length; i++) {
      if (indices[i] >= this.size) {
        throw new ValueError(
          `sample ${indices[i]} was asked for, but the data set has ${this.size}.`,
        );
      }
      targets[0][i * classes + this.#labels[indices[i]]] = 1;
    }
    // File by file, so that each is opened once.
    for (const { path, from, count } of this.#files) {
      let handle: number | undefined;
      try {
        for (let i = 0; i < indices.length; i++) {
          const image = indices[i] - from;
          if (image < 0 || image >= count) continue;
          handle ??= openFile(path);
          readExactly(handle, this.#record, this.#record.length, image * this.#record.length, path);
          cifarPixels(this.#record, 0, this.#layout, inputs[0], i * CIFAR_PIXELS);
        }
      } finally {
        if (handle !== undefined) closeSync(handle);
      }
    }
  }

  #readLabels({ path, from, count }: CifarFile): void {
    const record = this.#record.length;
    const chunk = new Uint8Array(record * Math.min(CHUNK_RECORDS, count));
    const handle = openFile(path);
    try {
      for (let first = 0; first < count; first += CHUNK_RECORDS) {
        const records = Math.min(CHUNK_RECORDS, count - first);
        readExactly(handle, chunk, records * record, first * record, path);
        for (let i = 0; i < records; i++) {
          const label = cifarLabel(chunk, i * record, this.#layout, path, first + i);
          this.#labels[from + first + i] = label;
        }
      }
    } finally {
      closeSync(handle);
    }
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${systemReason(error)}.`);
  }
}

function readExactly(
  handle: number,
  into: Uint8Array,
  length: number,
  position: number,
  path: string,
): void {
  let filled = 0;
  while (filled < length) {
    let read: number;
    try {
      read = readSync(handle, into, filled, length - filled, position + filled);
    } catch (error) {
      throw new DataError(`cannot read ${path}: ${systemReason(error)}.`);
    }
    if (read === 0) {
      throw new DataError(`${path} became shorter while it was being read; fetch it again.`);
    }
    filled += read;
  }
}
