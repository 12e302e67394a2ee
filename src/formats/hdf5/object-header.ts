import type { ByteReader } from './byte-reader.js';

/** A message of an object header: where its body lies. */
export interface HeaderMessage {
  readonly type: number;
  readonly start: number;
  readonly size: number;
}

const CONTINUATION = 0x10;
const SHARED = 0x02;
const REFUSE_IF_UNKNOWN = 0x08;
const MOST_MESSAGES = 100_000;
const MOST_BLOCKS = 10_000;
const LAST_KNOWN_TYPE = 0x17;

/** Reads the messages of one object, block by block. */
class HeaderReader {
  readonly messages: HeaderMessage[] = [];
  readonly #blocks: { start: number; size: number }[] = [];
  readonly #seen = new Set<number>();
  readonly #reader: ByteReader;

  constructor(reader: ByteReader, address: number) {
    this.#reader = reader;
    if (reader.has(address, 'OHDR')) this.#readVersion2(address);
    else this.#readVersion1(address);
  }

  #add(type: number, start: number, size: number, flags: number): void {
    const { fail } = this.#reader;
    if ((flags & SHARED) !== 0) throw fail('it shares messages between objects, which is not read');
    if (type > LAST_KNOWN_TYPE && (flags & REFUSE_IF_UNKNOWN) !== 0) {
      throw fail(`it needs message ${type}, which is not known`);
    }
    if (this.messages.length >= MOST_MESSAGES) throw fail('an object has too many messages');
    if (type !== CONTINUATION) {
      this.messages.push({ type, start, size });
      return;
    }
    const block = { start: this.#reader.u64(start), size: this.#reader.u64(start + 8) };
    this.#reader.require(block.start, block.size);
    if (this.#seen.has(block.start) || this.#blocks.length >= MOST_BLOCKS) {
      throw fail('the blocks of an object form a circle');
    }
    this.#seen.add(block.start);
    this.#blocks.push(block);
  }

  #readVersion1(address: number): void {
    const reader = this.#reader;
    const version = reader.u8(address);
    if (version !== 1) throw reader.fail(`there is no object at ${address}`);
    let left = reader.u16(address + 2);
    this.#blocks.push({ start: address + 16, size: reader.u32(address + 8) });
    for (let i = 0; i < this.#blocks.length; i++) {
      const { start, size } = this.#blocks[i];
      reader.require(start, size);
      for (let position = start; position + 8 <= start + size && left > 0; left--) {
        const bytes = reader.u16(position + 2);
        if (position + 8 + bytes > start + size) throw reader.fail('a message leaves its block');
        this.#add(reader.u16(position), position + 8, bytes, reader.u8(position + 4));
        position += 8 + bytes;
      }
    }
  }

  #readVersion2(address: number): void {
    const reader = this.#reader;
    if (reader.u8(address + 4) !== 2) throw reader.fail(`there is no object at ${address}`);
    const flags = reader.u8(address + 5);
    const times = (flags & 0x20) !== 0 ? 16 : 0;
    const limits = (flags & 0x10) !== 0 ? 4 : 0;
    const width = 2 ** (flags & 3);
    const sizeAt = address + 6 + times + limits;
    const head = (flags & 0x04) !== 0 ? 6 : 4;
    this.#blocks.push({ start: sizeAt + width, size: reader.unsigned(sizeAt, width) });
    for (let i = 0; i < this.#blocks.length; i++) {
      let { start, size } = this.#blocks[i];
      if (i > 0) {
        // A later block carries a signature, and its size counts that and the checksum.
        reader.signature(start, 'OCHK');
        start += 4;
        size -= 8;
      }
      reader.require(start, Math.max(size, 0));
      for (let position = start; position + head <= start + size; ) {
        const bytes = reader.u16(position + 1);
        if (position + head + bytes > start + size) throw reader.fail('a message leaves its block');
        this.#add(reader.u8(position), position + head, bytes, reader.u8(position + 3));
        position += head + bytes;
      }
    }
  }
}

/**
 * The messages of the object whose header lies at an address, of version 1 or 2.
 * @throws {FormatError} when there is none, or its blocks leave the file or form a circle.
 */
export function readObjectHeader(reader: ByteReader, address: number): readonly HeaderMessage[] {
  return new HeaderReader(reader, address).messages;
}
