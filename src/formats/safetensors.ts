import { FormatError } from '../core/errors.js';
import { checkJsonKeys, isForbiddenKey } from './json-text.js';

/** Typed arrays that a safetensors file can hold here. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

/** Element types by safetensors' names. */
export type TensorDtype = 'F32' | 'F64' | 'I8' | 'I16' | 'I32' | 'I64' | 'U8' | 'U16' | 'U32';

/** A tensor to be written; `shape` is row-major. */
export interface TensorInput {
  /** Sizes of all axes. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: TensorData;
}

/** A tensor that was read. */
export interface TensorEntry extends TensorInput {
  /** Element type, as the format names it. */
  readonly dtype: TensorDtype;
}

/** The content of a safetensors file. */
export interface SafetensorsContent {
  /** Tensors by name. */
  readonly tensors: Map<string, TensorEntry>;
  /** Free text by key, without a prototype. */
  readonly metadata: Record<string, string>;
}

/** How to read a safetensors file. */
export interface DecodeSafetensorsOptions {
  /** The file's name, for error messages. */
  readonly source?: string;
  /** Longest header accepted, in bytes; 16 MiB unless told. */
  readonly maxHeaderBytes?: number;
}

type ViewConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => TensorData;

const DTYPES: Record<TensorDtype, { readonly bytes: number; readonly view: ViewConstructor }> = {
  F32: { bytes: 4, view: Float32Array },
  F64: { bytes: 8, view: Float64Array },
  I8: { bytes: 1, view: Int8Array },
  I16: { bytes: 2, view: Int16Array },
  I32: { bytes: 4, view: Int32Array },
  I64: { bytes: 8, view: BigInt64Array },
  U8: { bytes: 1, view: Uint8Array },
  U16: { bytes: 2, view: Uint16Array },
  U32: { bytes: 4, view: Uint32Array },
};

const METADATA_KEY = '__metadata__';
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const DEFAULT_MAX_HEADER_BYTES = 16 * 2 ** 20;
const MAX_RANK = 32;

/**
 * Writes tensors in the safetensors format (https://huggingface.co/docs/safetensors): the header's
 * length as uint64, a JSON header padded with spaces to 8 bytes, then the data without gaps. All is
 * little-endian, as typed arrays are on every platform with WebAssembly.
 *
 * Order does not depend on that of the map: wide elements first, so that every tensor is aligned,
 * then by name.
 *
 * @returns the file in pieces that share the tensors' memory; nothing large is copied.
 * @throws FormatError for a forbidden name or a length that does not fit its shape.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorInput>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const entries = [...tensors].map(([name, tensor]) => ({
    name,
    tensor,
    dtype: dtypeOf(name, tensor.data),
  }));
  entries.sort(
    (a, b) => DTYPES[b.dtype].bytes - DTYPES[a.dtype].bytes || compareText(a.name, b.name),
  );

  const fields: string[] = [];
  const metadataKeys = Object.keys(metadata).sort(compareText);
  if (metadataKeys.length > 0) {
    const pairs = metadataKeys.map((key) => {
      checkName(key, 'the metadata key');
      return `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`;
    });
    fields.push(`"${METADATA_KEY}":{${pairs.join(',')}}`);
  }
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name, tensor, dtype } of entries) {
    checkName(name, 'the tensor name');
    const elements = elementCount(tensor.shape);
    if (elements !== tensor.data.length) {
      throw new FormatError(
        `tensor '${name}' holds ${tensor.data.length} numbers, but its shape ` +
          `[${tensor.shape.join(', ')}] needs ${elements ?? 'non-negative integers'}.`,
      );
    }
    const { buffer, byteOffset, byteLength } = tensor.data;
    data.push(new Uint8Array(buffer, byteOffset, byteLength));
    const header = {
      dtype,
      shape: tensor.shape,
      data_offsets: [offset, offset + byteLength],
    };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(header)}`);
    offset += byteLength;
  }

  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const head = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, LENGTH_BYTES);
  return [head, ...data];
}

/**
 * Reads a safetensors file that nobody has vouched for. The tensors are views on `bytes` where
 * their alignment allows it, else copies.
 *
 * @throws FormatError when the header is too long, no UTF-8 or JSON, repeats a key or uses a
 *   forbidden one; when a tensor's type is unknown, its range does not fit its shape, lies outside
 *   the file, overlaps another or leaves a hole.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  options: DecodeSafetensorsOptions = {},
): SafetensorsContent {
  const { source = 'the safetensors file', maxHeaderBytes = DEFAULT_MAX_HEADER_BYTES } = options;
  const fail = (problem: string) =>
    new FormatError(`${source} is not a valid safetensors file: ${problem}.`);

  const { header, dataStart } = readHeader(bytes, maxHeaderBytes, fail);
  const dataLength = bytes.length - dataStart;
  const metadata: Record<string, string> = Object.create(null);
  const ranges: { name: string; entry: ParsedEntry }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== METADATA_KEY) {
      ranges.push({ name, entry: parseEntry(name, value, dataLength, fail) });
      continue;
    }
    if (!isRecord(value)) throw fail(`${METADATA_KEY} is no JSON object`);
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw fail(`the metadata '${key}' is no string`);
      metadata[key] = text;
    }
  }

  ranges.sort((a, b) => a.entry.begin - b.entry.begin || a.entry.end - b.entry.end);
  const tensors = new Map<string, TensorEntry>();
  let position = 0;
  for (const { name, entry } of ranges) {
    const { begin, end } = entry;
    if (begin < position) throw fail(`tensor '${name}' overlaps the tensor before it`);
    if (begin > position) {
      throw fail(`bytes ${position} to ${begin} before tensor '${name}' belong to no tensor`);
    }
    position = end;
    tensors.set(name, {
      dtype: entry.dtype,
      shape: entry.shape,
      data: viewData(bytes, dataStart + begin, dataStart + end, entry.dtype),
    });
  }
  if (position !== dataLength) {
    throw fail(`${dataLength} bytes of data came, but its tensors hold ${position}`);
  }
  return { tensors, metadata };
}

type Fail = (problem: string) => FormatError;

interface ParsedEntry {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readHeader(
  bytes: Uint8Array,
  maxHeaderBytes: number,
  fail: Fail,
): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw fail(`it has ${bytes.length} bytes, less than the ${LENGTH_BYTES} of its first field`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES);
  const declared = view.getBigUint64(0, true);
  if (declared > BigInt(maxHeaderBytes)) {
    throw fail(`its header claims ${declared} bytes, more than the ${maxHeaderBytes} allowed`);
  }
  const headerBytes = Number(declared);
  const dataStart = LENGTH_BYTES + headerBytes;
  if (dataStart > bytes.length) {
    throw fail(`its header claims ${headerBytes} bytes, but the file ends before that`);
  }
  if (bytes[LENGTH_BYTES] !== 0x7b) throw fail("its header does not start with '{'");
  let header: unknown;
  let text: string;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    text = decoder.decode(bytes.slice(LENGTH_BYTES, dataStart));
    header = JSON.parse(text);
  } catch {
    throw fail('its header is no JSON');
  }
  if (!isRecord(header)) throw fail('its header is no JSON object');
  checkJsonKeys(text, (problem) => fail(`its header ${problem}`));
  return { header, dataStart };
}

function parseEntry(name: string, value: unknown, dataLength: number, fail: Fail): ParsedEntry {
  const what = `tensor '${name}'`;
  if (!isRecord(value)) throw fail(`${what} is described by no JSON object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (Object.keys(value).length !== 3) {
    throw fail(`${what} must have exactly dtype, shape and data_offsets`);
  }
  if (!isDtype(dtype)) {
    throw fail(
      `${what} has dtype ${JSON.stringify(dtype)}, but ${Object.keys(DTYPES).join(', ')} are read`,
    );
  }
  if (!isIntegerArray(shape)) throw fail(`the shape of ${what} is no list of sizes`);
  const elements = elementCount(shape);
  if (elements === undefined) {
    throw fail(`the shape of ${what}, [${shape.slice(0, MAX_RANK).join(', ')}], is too large`);
  }
  if (!isIntegerArray(offsets) || offsets.length !== 2) {
    throw fail(`the data_offsets of ${what} are no pair of positions`);
  }
  const [begin, end] = offsets;
  if (begin > end || end > dataLength) {
    throw fail(`${what} claims bytes ${begin} to ${end} of ${dataLength} bytes of data`);
  }
  const needed = elements * DTYPES[dtype].bytes;
  if (end - begin !== needed) {
    throw fail(
      `${what} claims ${end - begin} bytes, but ${dtype} of shape [${shape.join(', ')}] takes ` +
        `${needed}`,
    );
  }
  return { dtype, shape, begin, end };
}

function viewData(bytes: Uint8Array, begin: number, end: number, dtype: TensorDtype): TensorData {
  const { bytes: width, view } = DTYPES[dtype];
  const aligned = (bytes.byteOffset + begin) % width === 0;
  const part = aligned ? bytes.subarray(begin, end) : new Uint8Array(bytes.subarray(begin, end));
  return new view(part.buffer, part.byteOffset, part.byteLength / width);
}

function dtypeOf(name: string, data: TensorData): TensorDtype {
  for (const [dtype, { view }] of Object.entries(DTYPES)) {
    if (data instanceof view && isDtype(dtype)) return dtype;
  }
  throw new FormatError(
    `tensor '${name}' is of an element type that safetensors here cannot hold.`,
  );
}

function checkName(name: string, what: string): void {
  if (name === METADATA_KEY || isForbiddenKey(name)) {
    throw new FormatError(`${what} '${name}' is forbidden in a safetensors file; choose another.`);
  }
}

/** Number of elements of a shape, or undefined when no array could have it. */
function elementCount(shape: readonly number[]): number | undefined {
  if (shape.length > MAX_RANK) return undefined;
  let product = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) return undefined;
    product *= dimension;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

function isDtype(value: unknown): value is TensorDtype {
  return typeof value === 'string' && Object.hasOwn(DTYPES, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntegerArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** By UTF-16 code unit, not by locale: the same bytes on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
