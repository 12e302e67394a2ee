import type { FormatError } from '../../core/errors.js';

/** Makes an error that says what is wrong with the file. */
export type Fail = (problem: string) => FormatError;

/** Numbers at places of untrusted bytes: every access is checked against the end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly fail: Fail;
  readonly #view: DataView;

  /** @param bytes the file. @param fail makes the errors. */
  constructor(bytes: Uint8Array, fail: Fail) {
    // A Node Buffer, whose slice is no copy, becomes a plain array.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.fail = fail;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Checks that `size` bytes lie at a place. @throws {FormatError} when they do not. */
  require(position: number, size: number): number {
    const length = this.bytes.length;
    if (position >= 0 && size >= 0 && position <= length && size <= length - position) {
      return position;
    }
    throw this.fail(`it points to ${size} bytes at ${position}, but ends at ${length}`);
  }

  /** Bytes of the file itself, not a copy. */
  slice(position: number, size: number): Uint8Array {
    this.require(position, size);
    return this.bytes.subarray(position, position + size);
  }

  /** Whether these ASCII letters stand at a place. */
  has(position: number, letters: string): boolean {
    const bytes = this.slice(position, letters.length);
    return Array.from(letters).every((letter, i) => letter.charCodeAt(0) === bytes[i]);
  }

  /** Demands these ASCII letters. @throws {FormatError} when others stand there. */
  signature(position: number, letters: string): void {
    if (!this.has(position, letters)) throw this.fail(`there is no ${letters} at ${position}`);
  }

  u8(position: number): number {
    return this.#view.getUint8(this.require(position, 1));
  }

  u16(position: number): number {
    return this.#view.getUint16(this.require(position, 2), true);
  }

  u32(position: number): number {
    return this.#view.getUint32(this.require(position, 4), true);
  }

  /** A number of 64 bits; one too large to be exact is given as infinity. */
  u64(position: number): number {
    const value = this.#view.getBigUint64(this.require(position, 8), true);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.POSITIVE_INFINITY;
  }

  /** A number of 1 to 8 bytes. */
  unsigned(position: number, size: number): number {
    return this.slice(position, size).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /** Text up to its zero byte, which must come before `end`. */
  terminated(position: number, end: number): string {
    const bytes = this.slice(position, end - position);
    const length = bytes.indexOf(0);
    if (length < 0) throw this.fail(`the text at ${position} has no end`);
    return this.text(bytes.subarray(0, length));
  }

  /** Text in UTF-8. @throws {FormatError} for bytes that are none. */
  text(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.slice());
    } catch {
      throw this.fail('a text in it is no UTF-8');
    }
  }
}
