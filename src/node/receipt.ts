import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { sizeOf } from '../core/shape.js';
import type { ModelFormat, PythonRecheck } from '../interchange/model-format.js';
import { PYTHON_SEEDED_INPUT, seededInput, startOf } from '../interchange/seeded-input.js';
import type { Model } from '../models/model.js';

/** An input of a receipt: its numbers are those of `seededInput(shape, start)`. */
export interface ReceiptInput {
  /** Name of the input. */
  readonly name: string;
  /** `[samples, ...]`. */
  readonly shape: readonly number[];
  /** First integer of the numbers. */
  readonly start: number;
  /** SHA-256 of the numbers as little-endian float32. */
  readonly sha256: string;
}

/** An output of a receipt, with what the exported model gives for the inputs. */
export interface ReceiptOutput {
  /** Name of the output. */
  readonly name: string;
  /** `[samples, ...]`. */
  readonly shape: readonly number[];
  /** SHA-256 of the numbers as little-endian float32. */
  readonly sha256: string;
  /** The numbers, row-major. */
  readonly data: readonly number[];
}

/** What an exported file has to compute: written beside it, so that anyone can recheck it. */
export interface Receipt {
  /** Marks the file as a receipt. */
  readonly format: 'residuum-receipt';
  /** Version of this description. */
  readonly version: 1;
  /** Name of the file without its folder. */
  readonly file: string;
  /** SHA-256 of the file's bytes. */
  readonly sha256: string;
  /** Name of the file's format. */
  readonly kind: string;
  /** Name of the model. */
  readonly model: string;
  /** Number of values in the model's weights. */
  readonly parameters: number;
  /** Every input of the model. */
  readonly inputs: readonly ReceiptInput[];
  /** Every output of the model. */
  readonly outputs: readonly ReceiptOutput[];
  /** Lines of Python that print the largest absolute difference; run them in the file's folder. */
  readonly python: readonly string[];
}

const MOST_SAMPLES = 4;
/** Numbers of outputs that a receipt holds at most, so that it stays small. */
const MOST_OUTPUTS = 2 ** 16;

/** Path of the receipt of a file. */
export function receiptPath(file: string): string {
  return `${file}.receipt.json`;
}

/** SHA-256 of bytes in pieces, as hexadecimal digits. */
export function sha256(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The inputs of a receipt with their numbers. */
export function receiptArrays(
  inputs: readonly ReceiptInput[],
): { data: Float32Array; shape: number[] }[] {
  return inputs.map(({ shape, start }) => ({ data: seededInput(shape, start), shape: [...shape] }));
}

/**
 * Runs the model on seeded inputs and writes down what it gives.
 * @param path of the exported file. @param pieces its content. @param seed determines the inputs.
 */
export async function makeReceipt(
  model: Model,
  format: ModelFormat,
  path: string,
  pieces: readonly Uint8Array[],
  seed = 0,
): Promise<Receipt> {
  const perSample = model.outputShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const samples = Math.max(1, Math.min(MOST_SAMPLES, Math.floor(MOST_OUTPUTS / perSample)));
  const inputs = model.inputShapes.map((shape, i): ReceiptInput => {
    const full = [samples, ...shape];
    const start = startOf(seed, i);
    const hash = sha256([bytesOf(seededInput(full, start))]);
    return { name: model.inputNames[i], shape: full, start, sha256: hash };
  });
  const predictions = await model.predictAll(receiptArrays(inputs), { batchSize: samples });
  const file = basename(path);
  const recheck = format.recheck?.(quoted(file), model);
  return {
    format: 'residuum-receipt',
    version: 1,
    file,
    sha256: sha256(pieces),
    kind: format.name,
    model: model.name,
    parameters: model.countParams(),
    inputs,
    outputs: predictions.map(({ data, shape }, i) => {
      const hash = sha256([bytesOf(data)]);
      return { name: model.outputNames[i], shape, sha256: hash, data: [...data] };
    }),
    python: recheck === undefined ? [] : pythonLines(file, recheck),
  };
}

function quoted(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
}

/** Three lines of Python that print the largest absolute difference. */
function pythonLines(file: string, { imports, outputs }: PythonRecheck): string[] {
  return [
    `import json, numpy as np, ${imports}; r = json.load(open(${quoted(receiptPath(file))}))`,
    PYTHON_SEEDED_INPUT,
    `print(max(np.abs(y - np.reshape(o['data'], o['shape'])).max() for y, o in zip(${outputs}, r['outputs'])))`,
  ];
}

/** ‖found − expected‖₂ / ‖expected‖₂, over all outputs; absolute where the expected ones are zero. */
export function receiptError(
  expected: readonly { readonly data: ArrayLike<number> }[],
  found: readonly { readonly data: ArrayLike<number> }[],
): number {
  let difference = 0;
  let norm = 0;
  expected.forEach(({ data }, output) => {
    const values = found[output]?.data ?? [];
    if (values.length !== data.length) difference = Number.POSITIVE_INFINITY;
    for (let i = 0; i < data.length; i++) {
      difference += (values[i] - data[i]) ** 2;
      norm += data[i] ** 2;
    }
  });
  return Math.sqrt(norm === 0 ? difference : difference / norm);
}
