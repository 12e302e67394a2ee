import type { ByteReader } from './byte-reader.js';

/** Types of elements that are read. */
export type Hdf5Type =
  | { readonly kind: 'float32' | 'float64' | 'int32' | 'int64' | 'uint8'; readonly size: number }
  | { readonly kind: 'fixedText' | 'text'; readonly size: number }
  | { readonly kind: 'other'; readonly size: number; readonly what: string };

const CLASSES = [
  ...['integer', 'float', 'time', 'text', 'bit field', 'opaque'],
  ...['compound', 'reference', 'enumeration', 'variable-length', 'array'],
];

/** The type that a datatype message describes; types that nobody needs here are only named. */
export function readDatatype(reader: ByteReader, start: number): Hdf5Type {
  const classAndVersion = reader.u8(start);
  const kind = classAndVersion & 15;
  const bits = reader.u8(start + 1);
  const size = reader.u32(start + 4);
  const littleEndian = (bits & 1) === 0;
  if (kind === 0 && littleEndian) {
    const signed = (bits & 8) !== 0;
    if (reader.u16(start + 8) === 0 && reader.u16(start + 10) === 8 * size) {
      if (signed && size === 4) return { kind: 'int32', size };
      if (signed && size === 8) return { kind: 'int64', size };
      if (!signed && size === 1) return { kind: 'uint8', size };
    }
  }
  if (kind === 1 && littleEndian && (bits & 0x40) === 0) {
    const layout = [12, 13, 14, 15].map((offset) => reader.u8(start + offset)).join();
    const bias = reader.u32(start + 16);
    if (size === 4 && layout === '23,8,0,23' && bias === 127) return { kind: 'float32', size };
    if (size === 8 && layout === '52,11,0,52' && bias === 1023) return { kind: 'float64', size };
  }
  if (kind === 3) return { kind: 'fixedText', size };
  if (kind === 9 && (bits & 15) === 1 && size === 16) return { kind: 'text', size };
  const order = kind <= 1 && !littleEndian ? 'big-endian ' : '';
  const what = `${order}${CLASSES[kind] ?? `class-${kind}`} of ${size} bytes`;
  return { kind: 'other', size, what };
}

/** Sizes of all axes by a dataspace message; undefined where there are no elements at all. */
export function readDataspace(reader: ByteReader, start: number): number[] | undefined {
  const version = reader.u8(start);
  const rank = reader.u8(start + 1);
  if (version !== 1 && version !== 2) throw reader.fail(`dataspace version ${version} is unknown`);
  if (rank > 32) throw reader.fail(`an array has ${rank} axes`);
  if (version === 2 && reader.u8(start + 3) === 2) return undefined;
  const first = start + (version === 1 ? 8 : 4);
  return Array.from({ length: rank }, (_, i) => reader.u64(first + 8 * i));
}

/** Number of elements. @throws {FormatError} when no array could have so many. */
export function countElements(reader: ByteReader, shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (Number.isSafeInteger(count)) return count;
  throw reader.fail(`an array of shape [${shape.join(', ')}] is too large`);
}
