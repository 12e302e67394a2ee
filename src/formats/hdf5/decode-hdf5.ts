import { FormatError } from '../../core/errors.js';
import { ByteReader } from './byte-reader.js';
import { countElements, type Hdf5Type, readDataspace, readDatatype } from './datatype.js';
import { type Link, readLinks } from './group-links.js';
import { type HeaderMessage, readObjectHeader } from './object-header.js';
import { TextHeap } from './text-heap.js';

const MESSAGE = { dataspace: 1, datatype: 3, external: 7, layout: 8, filters: 11, attribute: 12 };
const ATTRIBUTE_INFO = 0x15;
const SIGNATURE = '\x89HDF\r\n\x1a\n';
const LAYOUTS = ['compact', 'contiguous', 'chunked', 'virtual'];
const MOST_ATTRIBUTE_TEXTS = 1_000_000;

/** Numbers as they lie in a file. */
export type Hdf5Values = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** An array of a file. */
export class Hdf5Dataset {
  /** Sizes of all axes; none for a single number. */
  readonly shape: readonly number[];
  /** Type of the elements. */
  readonly type: Hdf5Type;
  readonly #reader: ByteReader;
  readonly #messages: readonly HeaderMessage[];
  readonly #path: string;

  /** @param reader the file. @param messages those of the object. @param path where it was found. */
  constructor(reader: ByteReader, messages: readonly HeaderMessage[], path: string) {
    this.#reader = reader;
    this.#messages = messages;
    this.#path = path;
    const shape = readDataspace(reader, this.#message(MESSAGE.dataspace, 'a shape').start);
    if (shape === undefined) throw this.#fail('holds nothing');
    this.shape = shape;
    this.type = readDatatype(reader, this.#message(MESSAGE.datatype, 'a type').start);
  }

  /** Type and shape, as a person writes them. */
  toString(): string {
    const type = this.type.kind === 'other' ? this.type.what : this.type.kind;
    return `${type} [${this.shape.join(', ')}]`;
  }

  /**
   * A copy of the values. Its size is that of bytes which the file really holds.
   * @throws {FormatError} for data that is compressed, in chunks, in another file, or not there.
   */
  read(): Hdf5Values {
    const { kind, size } = this.type;
    const has = (type: number) => this.#messages.some((message) => message.type === type);
    if (has(MESSAGE.external)) throw this.#fail('lies in another file, which is never opened');
    if (has(MESSAGE.filters)) throw this.#fail('is compressed; write it without compression');
    const bytes = countElements(this.#reader, this.shape) * size;
    const { start, stored } = this.#locate();
    if (bytes > stored) {
      throw this.#fail(`${this} takes ${bytes} bytes, but the file holds ${stored} of them`);
    }
    const { buffer } = this.#reader.slice(start, bytes).slice();
    switch (kind) {
      case 'float32':
        return new Float32Array(buffer);
      case 'float64':
        return new Float64Array(buffer);
      case 'int32':
        return new Int32Array(buffer);
      case 'int64':
        return new BigInt64Array(buffer);
      case 'uint8':
        return new Uint8Array(buffer);
      default:
        throw this.#fail(`is ${this}, and such elements are not read`);
    }
  }

  #locate(): { start: number; stored: number } {
    const reader = this.#reader;
    const { start } = this.#message(MESSAGE.layout, 'a layout');
    const version = reader.u8(start);
    if (version !== 3 && version !== 4) throw this.#fail(`has a layout of version ${version}`);
    const layout = reader.u8(start + 1);
    if (layout === 0) return { start: start + 4, stored: reader.u16(start + 2) };
    if (layout === 1) {
      const address = reader.u64(start + 2);
      if (address !== Number.POSITIVE_INFINITY) {
        return { start: address, stored: reader.u64(start + 10) };
      }
      return { start: 0, stored: 0 };
    }
    const name = LAYOUTS[layout] ?? `layout ${layout}`;
    throw this.#fail(`is ${name}; only arrays in one piece are read`);
  }

  #message(type: number, what: string): HeaderMessage {
    const message = this.#messages.find((candidate) => candidate.type === type);
    if (message === undefined) throw this.#fail(`lacks ${what}`);
    return message;
  }

  #fail(problem: string): FormatError {
    return this.#reader.fail(`the array '${this.#path}' ${problem}`);
  }
}

/** A group of a file. */
export class Hdf5Group {
  readonly #reader: ByteReader;
  readonly #messages: readonly HeaderMessage[];
  readonly #links: ReadonlyMap<string, Link>;
  readonly #heap: TextHeap;
  readonly #path: string;

  /**
   * @param reader the file. @param heap its texts. @param messages those of the object. @param links its
   * names. @param path where it was found.
   */
  constructor(
    reader: ByteReader,
    heap: TextHeap,
    messages: readonly HeaderMessage[],
    links: ReadonlyMap<string, Link>,
    path: string,
  ) {
    this.#reader = reader;
    this.#heap = heap;
    this.#messages = messages;
    this.#links = links;
    this.#path = path;
  }

  /** Names in the group. */
  get names(): readonly string[] {
    return [...this.#links.keys()];
  }

  /**
   * What lies at a path below the group, or undefined where nothing does.
   * @throws {FormatError} for soft and external links, and for objects that are malformed.
   */
  get(path: string): Hdf5Group | Hdf5Dataset | undefined {
    let found: Hdf5Group | Hdf5Dataset = this;
    for (const name of path.split('/')) {
      if (!(found instanceof Hdf5Group)) return undefined;
      const next: Hdf5Group | Hdf5Dataset | undefined = found.#child(name);
      if (next === undefined) return undefined;
      found = next;
    }
    return found;
  }

  /** The group at a path, or undefined where there is none. */
  group(path: string): Hdf5Group | undefined {
    const found = this.get(path);
    return found instanceof Hdf5Group ? found : undefined;
  }

  /** The array at a path, or undefined where there is none. */
  dataset(path: string): Hdf5Dataset | undefined {
    const found = this.get(path);
    return found instanceof Hdf5Dataset ? found : undefined;
  }

  /** A text attribute, or undefined where there is none of that name. */
  text(name: string): string | undefined {
    const texts = this.texts(name);
    if (texts === undefined || texts.length === 1) return texts?.[0];
    throw this.#reader.fail(`the attribute '${name}' is no single text`);
  }

  /**
   * A list of texts, or undefined where there is no attribute of that name.
   * @throws {FormatError} when it holds something else.
   */
  texts(name: string): string[] | undefined {
    for (const { type, start, size } of this.#messages) {
      if (type === ATTRIBUTE_INFO) this.#refuseDenseAttributes(start);
      if (type !== MESSAGE.attribute) continue;
      const attribute = this.#attribute(start, size);
      if (attribute.name === name) return this.#attributeTexts(attribute, start + size);
    }
    return undefined;
  }

  #child(name: string): Hdf5Group | Hdf5Dataset | undefined {
    const link = this.#links.get(name);
    if (link === undefined) return undefined;
    const path = this.#path === '' ? name : `${this.#path}/${name}`;
    if (link.kind !== 'hard') {
      throw this.#reader.fail(`'${path}' is a ${link.kind} link, which is never followed`);
    }
    return readObject(this.#reader, this.#heap, link.address, path);
  }

  #refuseDenseAttributes(start: number): void {
    const reader = this.#reader;
    const position = start + 2 + ((reader.u8(start + 1) & 1) !== 0 ? 2 : 0);
    if (reader.u64(position) !== Number.POSITIVE_INFINITY) {
      throw reader.fail(
        `the group '${this.#path}' keeps its attributes in a heap, which is not read`,
      );
    }
  }

  #attribute(start: number, size: number) {
    const reader = this.#reader;
    const version = reader.u8(start);
    if (version < 1 || version > 3) throw reader.fail(`attribute version ${version} is unknown`);
    if (version > 1 && (reader.u8(start + 1) & 3) !== 0) {
      throw reader.fail('it shares types between attributes, which is not read');
    }
    const space = (bytes: number) => (version === 1 ? Math.ceil(bytes / 8) * 8 : bytes);
    const nameAt = start + (version === 3 ? 9 : 8);
    const typeAt = nameAt + space(reader.u16(start + 2));
    const spaceAt = typeAt + space(reader.u16(start + 4));
    const dataAt = spaceAt + space(reader.u16(start + 6));
    reader.require(start, size);
    if (dataAt > start + size) throw reader.fail('an attribute leaves its message');
    return { name: reader.terminated(nameAt, typeAt), typeAt, spaceAt, dataAt };
  }

  #attributeTexts(
    {
      name,
      typeAt,
      spaceAt,
      dataAt,
    }: { name: string; typeAt: number; spaceAt: number; dataAt: number },
    end: number,
  ): string[] {
    const reader = this.#reader;
    const type = readDatatype(reader, typeAt);
    const shape = readDataspace(reader, spaceAt);
    const count = shape === undefined ? 0 : countElements(reader, shape);
    if (count === 0) return [];
    if (count > MOST_ATTRIBUTE_TEXTS || dataAt + count * type.size > end) {
      throw reader.fail(`the attribute '${name}' leaves its message`);
    }
    if (type.kind !== 'text' && type.kind !== 'fixedText') {
      throw reader.fail(`the attribute '${name}' is no text`);
    }
    return Array.from({ length: count }, (_, i) => {
      const place = dataAt + i * type.size;
      if (type.kind === 'text') return this.#heap.read(place);
      const bytes = reader.slice(place, type.size);
      const length = bytes.indexOf(0);
      return reader.text(length < 0 ? bytes : bytes.subarray(0, length));
    });
  }
}

function readObject(
  reader: ByteReader,
  heap: TextHeap,
  address: number,
  path: string,
): Hdf5Group | Hdf5Dataset {
  const messages = readObjectHeader(reader, address);
  const links = readLinks(reader, messages);
  if (links !== undefined) return new Hdf5Group(reader, heap, messages, links, path);
  return new Hdf5Dataset(reader, messages, path);
}

/** Address of the root group, by the superblock. */
function rootAddress(reader: ByteReader): number {
  const version = reader.u8(8);
  if (version <= 1) {
    if (reader.u8(13) !== 8 || reader.u8(14) !== 8)
      throw reader.fail('its addresses are not of 8 bytes');
    const start = version === 0 ? 24 : 28;
    if (reader.u64(start) !== 0) throw reader.fail('it does not begin at its first byte');
    return reader.u64(start + 40);
  }
  if (version > 3) throw reader.fail(`its superblock is of version ${version}, which is not known`);
  if (reader.u8(9) !== 8 || reader.u8(10) !== 8)
    throw reader.fail('its addresses are not of 8 bytes');
  if (reader.u64(12) !== 0) throw reader.fail('it does not begin at its first byte');
  return reader.u64(36);
}

/**
 * Opens an HDF5 file that nobody has vouched for. Objects are parsed when they are asked for; nothing is
 * allocated that the file does not hold, links to elsewhere are refused, and no other file is opened.
 * What h5py, Keras and h5wasm write is read: superblocks 0 to 3, groups of every kind, text attributes,
 * and arrays in one piece. Arrays in chunks or compressed are refused.
 * @param source the file's name, for messages.
 * @throws {FormatError} when the bytes are no HDF5 file, or point outside of themselves.
 */
export function decodeHdf5(bytes: Uint8Array, source = 'the HDF5 file'): Hdf5Group {
  const reader = new ByteReader(
    bytes,
    (problem) => new FormatError(`${source} is not read: ${problem}.`),
  );
  const begins = bytes.length >= 48 && reader.has(0, SIGNATURE);
  if (!begins)
    throw new FormatError(`${source} is no HDF5 file: it does not begin with its signature.`);
  const root = readObject(reader, new TextHeap(reader), rootAddress(reader), '');
  if (root instanceof Hdf5Group) return root;
  throw new FormatError(`${source} is not read: its root is no group.`);
}
