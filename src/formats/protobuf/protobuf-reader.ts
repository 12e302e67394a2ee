import { FormatError } from '../../core/errors.js';
import { WIRE } from './protobuf-writer.js';

const MOST_VARINT_BYTES = 10;
const LARGEST_FIELD = 2 ** 29 - 1;
/** Longest list of integers: shapes, axes, paddings are short, and weights are no integers. */
const MOST_INTEGERS = 2 ** 20;

/** One field of a message; only the accessor of its wire type may be used. */
export interface ProtobufField {
  readonly number: number;
  readonly wire: number;
  /** A varint as a signed 64-bit integer. */
  readonly integer: bigint;
  /** Length-delimited content: a view, not a copy. */
  readonly bytes: Uint8Array;
  /** The four bytes of a fixed32. */
  readonly float: number;
}

const EMPTY = new Uint8Array(0);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Walks the fields of one protobuf message, whose bytes nobody has vouched for: every length is checked
 * against what is there, nothing is allocated by a length, and there is no recursion.
 * @param what the message, for errors.
 * @throws {FormatError} for a varint that does not end, a length beyond the end, an unknown wire type.
 */
export function* readFields(bytes: Uint8Array, what: string): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  const fail = (problem: string) =>
    new FormatError(`${what} is damaged: ${problem} at byte ${position}`);
  const varint = (): bigint => {
    let low = 0;
    let scale = 1;
    let value = 0n;
    for (let i = 0; i < MOST_VARINT_BYTES; i++) {
      if (position >= bytes.length) throw fail('a number is cut off');
      const byte = bytes[position++];
      if (i < 7) {
        low += (byte & 0x7f) * scale;
        scale *= 0x80;
        if (byte < 0x80) return BigInt(low);
        if (i === 6) value = BigInt(low);
      } else {
        value |= BigInt(byte & 0x7f) << BigInt(7 * i);
        if (byte < 0x80) return BigInt.asIntN(64, value);
      }
    }
    throw fail('a number is longer than 10 bytes');
  };
  const take = (length: number): number => {
    if (length > bytes.length - position) {
      throw fail(`${length} bytes are announced, but ${bytes.length - position} are left`);
    }
    position += length;
    return position - length;
  };
  while (position < bytes.length) {
    const tag = varint();
    const wire = Number(tag & 7n);
    const number = Number(tag >> 3n);
    if (number < 1 || number > LARGEST_FIELD) throw fail(`there is no field ${number}`);
    let integer = 0n;
    let content: Uint8Array = EMPTY;
    let float = 0;
    if (wire === WIRE.varint) integer = varint();
    else if (wire === WIRE.fixed64) take(8);
    else if (wire === WIRE.fixed32) float = view.getFloat32(take(4), true);
    else if (wire === WIRE.bytes) {
      const length = varint();
      if (length < 0n || length > BigInt(bytes.length)) {
        throw fail(`${length} bytes are announced, but ${bytes.length - position} are left`);
      }
      const start = take(Number(length));
      content = bytes.subarray(start, position);
    } else throw fail(`wire type ${wire} is unknown`);
    yield { number, wire, integer, bytes: content, float };
  }
}

/** A list of integers that a field adds to: packed, or one at a time. */
export function readIntegers(field: ProtobufField, what: string): bigint[] {
  if (field.wire !== WIRE.bytes) return [field.integer];
  const values: bigint[] = [];
  const { bytes } = field;
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      values.push(BigInt.asIntN(64, value));
      if (values.length > MOST_INTEGERS) {
        throw new FormatError(
          `${what} is not read: a list of integers has more than ${MOST_INTEGERS}`,
        );
      }
      value = 0n;
      shift = 0n;
    } else if (shift >= 70n) {
      throw new FormatError(`${what} is damaged: a number is longer than 10 bytes`);
    }
  }
  if (shift !== 0n) throw new FormatError(`${what} is damaged: a number is cut off`);
  return values;
}

/** The text of a field; bytes that are no UTF-8 are an error. */
export function readText(field: ProtobufField, what: string): string {
  try {
    return UTF8.decode(field.bytes);
  } catch {
    throw new FormatError(`${what} is damaged: a text is not UTF-8`);
  }
}
