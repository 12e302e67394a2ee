import { FormatError } from '../core/errors.js';

/** An array of unsigned bytes as an IDX file holds it, for example images `[N, H, W]`. */
export interface IdxArray {
  /** Sizes of all axes. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Uint8Array;
}

/** Bounds for reading bytes that nobody has vouched for. */
export interface IdxLimits {
  /** Most bytes that the content may have once expanded; 256 MiB unless told. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 256 * 2 ** 20;
const MAX_RANK = 4;
const UNSIGNED_BYTE = 0x08;
/** Small pieces bound what one step of the decompressor can put out (deflate expands at most 1032:1). */
const PIECE_BYTES = 16 * 1024;

/**
 * Reads an uncompressed IDX file of unsigned bytes.
 *
 * Layout (LeCun, "THE MNIST DATABASE"): `00 00 08 rank`, then `rank` big-endian uint32 dimensions,
 * then the data in row-major order. The result is a view on `bytes`.
 *
 * @param bytes the whole file. @param source its name, for error messages.
 * @throws FormatError for a wrong magic number, rank outside 1..4, a zero dimension, content above
 *   the limit, missing or trailing bytes.
 */
export function parseIdx(bytes: Uint8Array, source: string, limits: IdxLimits = {}): IdxArray {
  const header = parseHeader(bytes, source, limits.maxBytes ?? DEFAULT_MAX_BYTES);
  if (header === undefined) throw truncatedHeader(bytes.length, source);
  const { shape, offset, length } = header;
  if (bytes.length !== length) throw wrongLength(bytes.length, length, shape, source);
  return { shape, data: bytes.subarray(offset) };
}

/**
 * Reads an IDX file of unsigned bytes, gzip-compressed or plain. Only as much is expanded as the IDX
 * header announces, so that a decompression bomb costs nothing.
 *
 * @param bytes the whole file. @param source its name, for error messages.
 * @throws FormatError as {@link parseIdx}, and for a corrupt, truncated or over-long gzip stream.
 */
export async function decodeIdx(
  bytes: Uint8Array,
  source: string,
  limits: IdxLimits = {},
): Promise<IdxArray> {
  if (!isGzip(bytes)) return parseIdx(bytes, source, limits);
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  let head = new Uint8Array(0);
  let content: Uint8Array | undefined;
  let expected: IdxHeader | undefined;
  let filled = 0;
  await inflate(bytes, source, (chunk) => {
    if (content === undefined || expected === undefined) {
      head = concatenate([head, chunk]);
      expected = parseHeader(head, source, maxBytes);
      if (expected === undefined) return;
      content = new Uint8Array(expected.length);
      chunk = head;
    }
    if (filled + chunk.length > expected.length) {
      throw new FormatError(
        `${source} holds more than the ${expected.length} bytes that its IDX header ` +
          `[${expected.shape.join(', ')}] announces; fetch the file again.`,
      );
    }
    content.set(chunk, filled);
    filled += chunk.length;
  });
  if (content === undefined || expected === undefined) throw truncatedHeader(head.length, source);
  if (filled !== expected.length) {
    throw wrongLength(filled, expected.length, expected.shape, source);
  }
  return { shape: expected.shape, data: content.subarray(expected.offset) };
}

/**
 * Expands a gzip file; a plain IDX file (known by its first bytes) is handed back as it is.
 *
 * @param bytes the whole file.
 * @param options `maxBytes` most bytes that may come out, `source` the file's name for messages.
 * @throws FormatError when the file is neither gzip nor IDX, corrupt, truncated, or expands above
 *   `maxBytes`.
 */
export async function gunzip(
  bytes: Uint8Array,
  options: { readonly maxBytes: number; readonly source: string },
): Promise<Uint8Array> {
  const { maxBytes, source } = options;
  const tooLarge = () =>
    new FormatError(
      `${source} expands to more than the ${maxBytes} bytes allowed; is it the right file?`,
    );
  if (!isGzip(bytes)) {
    if (!startsAsIdx(bytes)) throw notIdx(bytes, source);
    if (bytes.length > maxBytes) throw tooLarge();
    return bytes;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  await inflate(bytes, source, (chunk) => {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  });
  return concatenate(chunks);
}

interface IdxHeader {
  readonly shape: number[];
  /** Where the data starts, in bytes. */
  readonly offset: number;
  /** Length of the whole file, in bytes. */
  readonly length: number;
}

/** The header, or undefined while `bytes` ends before it does. */
function parseHeader(bytes: Uint8Array, source: string, maxBytes: number): IdxHeader | undefined {
  if (bytes.length < 4) {
    if (bytes.length > 0 && bytes[0] !== 0) throw notIdx(bytes, source);
    return undefined;
  }
  if (bytes[0] !== 0 || bytes[1] !== 0) throw notIdx(bytes, source);
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new FormatError(
      `${source} is an IDX file of element type 0x${hex(bytes.subarray(2, 3))}, but only unsigned ` +
        'bytes (0x08) are accepted; is it the right file?',
    );
  }
  const rank = bytes[3];
  if (rank < 1 || rank > MAX_RANK) {
    throw new FormatError(
      `${source} declares ${rank} dimensions, but an IDX file here has 1 to ${MAX_RANK}; ` +
        'fetch the file again.',
    );
  }
  const offset = 4 + 4 * rank;
  if (bytes.length < offset) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, offset);
  const shape: number[] = [];
  let length = 1;
  for (let axis = 0; axis < rank; axis++) {
    const dimension = view.getUint32(4 + 4 * axis);
    if (dimension === 0) {
      throw new FormatError(
        `${source} declares dimension ${axis} as 0, but every dimension must be positive; ` +
          'fetch the file again.',
      );
    }
    shape.push(dimension);
    length *= dimension;
  }
  if (length + offset > maxBytes) {
    throw new FormatError(
      `${source} declares shape [${shape.join(', ')}], more than the ${maxBytes} bytes allowed; ` +
        'is it the right file?',
    );
  }
  return { shape, offset, length: length + offset };
}

async function inflate(
  bytes: Uint8Array,
  source: string,
  consume: (chunk: Uint8Array) => void,
): Promise<void> {
  let position = 0;
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (position >= bytes.length) {
        controller.close();
        return;
      }
      controller.enqueue(bytes.slice(position, position + PIECE_BYTES));
      position += PIECE_BYTES;
    },
  });
  const reader = pieces.pipeThrough(new DecompressionStream('gzip')).getReader();
  for (;;) {
    let chunk: Uint8Array | undefined;
    try {
      chunk = (await reader.read()).value;
    } catch (error) {
      const reason = error instanceof Error && error.message !== '' ? ` (${error.message})` : '';
      throw new FormatError(
        `${source} is a truncated or corrupt gzip file${reason}; fetch the file again.`,
      );
    }
    if (chunk === undefined) return;
    try {
      consume(chunk);
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  }
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    joined.set(chunk, position);
    position += chunk.length;
  }
  return joined;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function startsAsIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] === UNSIGNED_BYTE;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function notIdx(bytes: Uint8Array, source: string): FormatError {
  const start = bytes.length === 0 ? 'is empty' : `starts with ${hex(bytes.subarray(0, 4))}`;
  return new FormatError(
    `${source} is no IDX file: it ${start}, but an IDX file starts with 00 00 08, or with 1f 8b ` +
      'when compressed with gzip.',
  );
}

function truncatedHeader(length: number, source: string): FormatError {
  return new FormatError(
    `${source} is truncated: ${length} bytes came, which is less than an IDX header; ` +
      'fetch the file again.',
  );
}

function wrongLength(
  length: number,
  expected: number,
  shape: readonly number[],
  source: string,
): FormatError {
  const what = length < expected ? 'is truncated' : 'has trailing bytes';
  return new FormatError(
    `${source} ${what}: ${length} bytes came, but its header [${shape.join(', ')}] announces ` +
      `${expected}; fetch the file again.`,
  );
}
