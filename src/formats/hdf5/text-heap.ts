import type { ByteReader } from './byte-reader.js';

/** Texts of attributes in the global heap, each of whose collections is walked once. */
export class TextHeap {
  readonly #reader: ByteReader;
  readonly #collections = new Map<number, Map<number, { start: number; size: number }>>();

  /** @param reader the file. */
  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /**
   * The text that a reference names by its length, collection and index there.
   * @throws {FormatError} when there is none.
   */
  read(reference: number): string {
    const reader = this.#reader;
    const length = reader.u32(reference);
    if (length === 0) return '';
    const address = reader.u64(reference + 4);
    const index = reader.u32(reference + 12);
    const object = this.#collection(address).get(index);
    if (object !== undefined && length <= object.size) {
      return reader.text(reader.slice(object.start, length));
    }
    throw reader.fail(`the heap at ${address} lacks the text ${index}`);
  }

  #collection(address: number): Map<number, { start: number; size: number }> {
    const known = this.#collections.get(address);
    if (known !== undefined) return known;
    const reader = this.#reader;
    reader.signature(address, 'GCOL');
    const size = reader.u64(address + 8);
    reader.require(address, size);
    const objects = new Map<number, { start: number; size: number }>();
    for (let position = address + 16; position + 16 <= address + size; ) {
      const index = reader.u16(position);
      if (index === 0) break;
      const bytes = reader.u64(position + 8);
      reader.require(position + 16, bytes);
      objects.set(index, { start: position + 16, size: bytes });
      position += 16 + Math.ceil(bytes / 8) * 8;
    }
    this.#collections.set(address, objects);
    return objects;
  }
}
