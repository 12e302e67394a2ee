import { FormatError } from '../../core/errors.js';
import {
  type Hdf5AttributeInput,
  type Hdf5DatasetInput,
  Hdf5GroupInput,
  type Hdf5Numbers,
} from './hdf5-tree.js';

/*
 * The layout is that of h5py's default: superblock 0, version-1 object headers, groups as symbol tables,
 * arrays contiguous. Source: "HDF5 File Format Specification Version 3.0", The HDF Group.
 */

const UNDEFINED_ADDRESS = 0xffff_ffff_ffff_ffffn;
const SUPERBLOCK_BYTES = 96;
/** Half of the entries of a symbol table node, and of a tree node. */
const LEAF_K = 4;
const INTERNAL_K = 16;
const TREE_NODE_BYTES = 24 + (2 * INTERNAL_K + 1) * 8 + 2 * INTERNAL_K * 8;
const SYMBOL_NODE_BYTES = 8 + 2 * LEAF_K * 40;
const SMALLEST_HEAP_COLLECTION = 4096;
const MOST_HEAP_OBJECTS = 0xffff;
const LARGEST_MESSAGE = 64_512;

const MESSAGE = { dataspace: 1, datatype: 3, fill: 5, layout: 8, attribute: 12, symbols: 17 };

const padded = (size: number): number => Math.ceil(size / 8) * 8;

/** Bytes with room to grow, in which every structure gets a place. */
class Metadata {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A new range of zeros, aligned to 8; gives its address. */
  allocate(size: number): number {
    const address = this.#size;
    this.#size += padded(size);
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return address;
  }

  bytes(address: number, values: ArrayLike<number>): void {
    this.#bytes.set(values, address);
  }

  u8(address: number, value: number): void {
    this.#view.setUint8(address, value);
  }

  u16(address: number, value: number): void {
    this.#view.setUint16(address, value, true);
  }

  u32(address: number, value: number): void {
    this.#view.setUint32(address, value, true);
  }

  u64(address: number, value: number | bigint): void {
    this.#view.setBigUint64(address, BigInt(value), true);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}

const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);

function concatenate(parts: readonly (ArrayLike<number> & Iterable<number>)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

function padTo8(bytes: Uint8Array): Uint8Array {
  return concatenate([bytes, new Uint8Array(padded(bytes.length) - bytes.length)]);
}

const floatType = (size: number, exponent: number, mantissa: number, bias: number): Uint8Array =>
  Uint8Array.from([
    ...[0x11, 0x20, 8 * size - 1, 0],
    ...littleEndian(size, 4),
    ...littleEndian(0, 2),
    ...littleEndian(8 * size, 2),
    ...[mantissa, exponent, 0, mantissa],
    ...littleEndian(bias, 4),
  ]);
const integerType = (size: number): Uint8Array =>
  Uint8Array.from([
    ...[0x10, 0x08, 0, 0],
    ...littleEndian(size, 4),
    ...littleEndian(0, 2),
    ...littleEndian(8 * size, 2),
  ]);
const FLOAT64 = floatType(8, 11, 52, 1023);
/** Texts of any length in UTF-8, kept in the global heap: length, collection, index. */
const TEXT = Uint8Array.from([
  ...[0x19, 0x01, 0x01, 0],
  ...littleEndian(16, 4),
  ...[0x10, 0, 0, 0],
  ...littleEndian(1, 4),
  ...[0, 0, 8, 0],
]);
const fixedText = (size: number): Uint8Array =>
  Uint8Array.from([0x13, 0x01, 0, 0, ...littleEndian(size, 4)]);

function numberType(data: Hdf5Numbers): Uint8Array {
  if (data instanceof Float32Array) return floatType(4, 8, 23, 127);
  if (data instanceof Float64Array) return FLOAT64;
  return integerType(data.BYTES_PER_ELEMENT);
}

function dataspace(shape: readonly number[]): Uint8Array {
  return Uint8Array.from([
    ...[1, shape.length, 0, 0, 0, 0, 0, 0],
    ...shape.flatMap((size) => littleEndian(size, 8)),
  ]);
}

/** Texts of all attributes, in as many collections as their number needs. */
class GlobalHeap {
  readonly #texts: Uint8Array[] = [];
  /** Where a reference to a text stands: address and number of the text. */
  readonly #references: { address: number; text: number }[] = [];

  /** Notes that the text is referred to at an address that is known once its header has a place. */
  add(text: Uint8Array): number {
    this.#texts.push(text);
    return this.#texts.length - 1;
  }

  refer(address: number, text: number): void {
    this.#references.push({ address, text });
  }

  length(text: number): number {
    return this.#texts[text].length;
  }

  /** Writes the collections and fills the references in. */
  write(metadata: Metadata): void {
    const places: { address: number; index: number }[] = [];
    for (let first = 0; first < this.#texts.length; first += MOST_HEAP_OBJECTS) {
      const texts = this.#texts.slice(first, first + MOST_HEAP_OBJECTS);
      const used = texts.reduce((sum, text) => sum + 16 + padded(text.length), 16);
      const size = Math.max(used + 16, SMALLEST_HEAP_COLLECTION);
      const address = metadata.allocate(size);
      metadata.bytes(address, encodeText('GCOL'));
      metadata.u8(address + 4, 1);
      metadata.u64(address + 8, size);
      let position = address + 16;
      texts.forEach((text, i) => {
        metadata.u16(position, i + 1);
        metadata.u64(position + 8, text.length);
        metadata.bytes(position + 16, text);
        places.push({ address, index: i + 1 });
        position += 16 + padded(text.length);
      });
      metadata.u64(position + 8, address + size - position);
    }
    for (const { address, text } of this.#references) {
      metadata.u32(address, this.#texts[text].length);
      metadata.u64(address + 4, places[text].address);
      metadata.u32(address + 12, places[text].index);
    }
  }
}

interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** Texts referred to from offsets of the body. */
  readonly texts?: readonly { offset: number; text: number }[];
}

class Encoder {
  readonly metadata = new Metadata();
  readonly heap = new GlobalHeap();
  /** Arrays with the places at which their address is written once it is known. */
  readonly datasets: { data: Hdf5Numbers; pointer: number }[] = [];

  /** Writes an object header and gives its address and those of its messages' bodies. */
  header(messages: readonly Message[]): { address: number; bodies: number[] } {
    const size = messages.reduce((sum, { body }) => sum + 8 + body.length, 0);
    const address = this.metadata.allocate(16 + size);
    this.metadata.u8(address, 1);
    this.metadata.u16(address + 2, messages.length);
    this.metadata.u32(address + 4, 1);
    this.metadata.u32(address + 8, size);
    const bodies: number[] = [];
    let position = address + 16;
    for (const { type, body, texts = [] } of messages) {
      if (body.length > 0xffff) throw new FormatError('an HDF5 attribute would be too long');
      this.metadata.u16(position, type);
      this.metadata.u16(position + 2, body.length);
      this.metadata.bytes(position + 8, body);
      bodies.push(position + 8);
      for (const { offset, text } of texts) this.heap.refer(position + 8 + offset, text);
      position += 8 + body.length;
    }
    return { address, bodies };
  }

  attribute(name: string, value: Hdf5AttributeInput): Message {
    const isText = typeof value === 'string';
    const texts = (isText ? [value] : value.texts).map(encodeText);
    const space = dataspace(isText ? [] : [texts.length]);
    const key = concatenate([encodeText(name), [0]]);
    const longest = texts.reduce((most, text) => Math.max(most, text.length), 1);
    const fixed = !isText && value.fixed;
    const filled = fixed ? fixedText(longest) : TEXT;
    const type = texts.length === 0 ? FLOAT64 : filled;
    const start = [1, 0, ...littleEndian(key.length, 2)];
    const sizes = [...littleEndian(type.length, 2), ...littleEndian(space.length, 2)];
    const head = concatenate([start, sizes, padTo8(key), padTo8(type), space]);
    const values = fixed
      ? texts.map((text) => concatenate([text, new Uint8Array(longest - text.length)]))
      : texts.map(() => new Uint8Array(16));
    const body = padTo8(concatenate([head, ...values]));
    if (body.length > LARGEST_MESSAGE + 512) {
      throw new FormatError(`the HDF5 attribute '${name}' would be too long`);
    }
    const references = fixed
      ? []
      : texts.map((text, i) => ({ offset: head.length + 16 * i, text: this.heap.add(text) }));
    return { type: MESSAGE.attribute, body, texts: references };
  }

  dataset({ shape, data }: Hdf5DatasetInput): number {
    const layout = new Uint8Array(24);
    layout.set([3, 1]);
    new DataView(layout.buffer).setBigUint64(2, UNDEFINED_ADDRESS, true);
    new DataView(layout.buffer).setBigUint64(10, BigInt(data.byteLength), true);
    const { address, bodies } = this.header([
      { type: MESSAGE.dataspace, body: dataspace(shape) },
      { type: MESSAGE.datatype, body: padTo8(numberType(data)) },
      { type: MESSAGE.fill, body: Uint8Array.of(2, 2, 2, 1, 0, 0, 0, 0) },
      { type: MESSAGE.layout, body: layout },
    ]);
    if (data.length > 0) this.datasets.push({ data, pointer: bodies[3] + 2 });
    return address;
  }

  /** Writes a group with all that is in it. */
  group(group: Hdf5GroupInput): { address: number; tree: number; heap: number } {
    const children = [...group.children].map(([name, child]) => {
      const isGroup = child instanceof Hdf5GroupInput;
      const written = isGroup ? this.group(child) : { address: this.dataset(child) };
      return { name: encodeText(name), ...written };
    });
    children.sort((a, b) => compareBytes(a.name, b.name));
    const { heap, offsets } = this.names(children.map(({ name }) => name));
    const nodes: { address: number; last: number }[] = [];
    for (let first = 0; first < children.length; first += 2 * LEAF_K) {
      const end = Math.min(children.length, first + 2 * LEAF_K);
      const node = this.metadata.allocate(SYMBOL_NODE_BYTES);
      this.metadata.bytes(node, encodeText('SNOD'));
      this.metadata.u8(node + 4, 1);
      this.metadata.u16(node + 6, end - first);
      for (let i = first; i < end; i++) {
        const entry = node + 8 + (i - first) * 40;
        const child = children[i];
        this.metadata.u64(entry, offsets[i]);
        this.metadata.u64(entry + 8, child.address);
        if (!('tree' in child)) continue;
        this.metadata.u32(entry + 16, 1);
        this.metadata.u64(entry + 24, child.tree);
        this.metadata.u64(entry + 32, child.heap);
      }
      nodes.push({ address: node, last: offsets[end - 1] });
    }
    const tree = this.tree(nodes, 0);
    const pointers = new Uint8Array(16);
    new DataView(pointers.buffer).setBigUint64(0, BigInt(tree), true);
    new DataView(pointers.buffer).setBigUint64(8, BigInt(heap), true);
    const attributes = [...group.attributes].map(([name, value]) => this.attribute(name, value));
    const { address } = this.header([{ type: MESSAGE.symbols, body: pointers }, ...attributes]);
    return { address, tree, heap };
  }

  /** A local heap with these names; gives where each begins. */
  names(names: readonly Uint8Array[]): { heap: number; offsets: number[] } {
    const offsets: number[] = [];
    let size = 8;
    for (const name of names) {
      offsets.push(size);
      size += padded(name.length + 1);
    }
    const heap = this.metadata.allocate(32);
    const data = this.metadata.allocate(size);
    this.metadata.bytes(heap, encodeText('HEAP'));
    this.metadata.u64(heap + 8, size);
    this.metadata.u64(heap + 16, 1);
    this.metadata.u64(heap + 24, data);
    names.forEach((name, i) => {
      this.metadata.bytes(data + offsets[i], name);
    });
    return { heap, offsets };
  }

  /** A tree over nodes that are in order; gives the address of its root. */
  tree(nodes: readonly { address: number; last: number }[], level: number): number {
    const parents: { address: number; last: number }[] = [];
    for (let first = 0; first === 0 || first < nodes.length; first += 2 * INTERNAL_K) {
      const children = nodes.slice(first, first + 2 * INTERNAL_K);
      const address = this.metadata.allocate(TREE_NODE_BYTES);
      this.metadata.bytes(address, encodeText('TREE'));
      this.metadata.u8(address + 5, level);
      this.metadata.u16(address + 6, children.length);
      this.metadata.u64(address + 8, parents.at(-1)?.address ?? UNDEFINED_ADDRESS);
      this.metadata.u64(address + 16, UNDEFINED_ADDRESS);
      const previous = parents.at(-1);
      if (previous !== undefined) this.metadata.u64(previous.address + 16, address);
      this.metadata.u64(address + 24, previous?.last ?? 0);
      children.forEach((child, i) => {
        this.metadata.u64(address + 32 + 16 * i, child.address);
        this.metadata.u64(address + 40 + 16 * i, child.last);
      });
      parents.push({ address, last: children.at(-1)?.last ?? 0 });
    }
    return parents.length === 1 ? parents[0].address : this.tree(parents, level + 1);
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/**
 * Writes an HDF5 file as h5py does by default, so that every HDF5 library reads it.
 * @param root the root group. @returns the file in pieces that share the arrays' memory.
 * @throws {FormatError} for an attribute that is longer than the format allows.
 */
export function encodeHdf5(root: Hdf5GroupInput): Uint8Array[] {
  const encoder = new Encoder();
  const { metadata } = encoder;
  metadata.allocate(SUPERBLOCK_BYTES);
  const { address, tree, heap } = encoder.group(root);
  encoder.heap.write(metadata);
  const pieces: Uint8Array[] = [];
  let position = metadata.size;
  for (const { data, pointer } of encoder.datasets) {
    metadata.u64(pointer, position);
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const gap = padded(data.byteLength) - data.byteLength;
    if (gap > 0) pieces.push(new Uint8Array(gap));
    position += padded(data.byteLength);
  }
  metadata.bytes(0, [0x89, ...encodeText('HDF\r\n'), 0x1a, 0x0a]);
  metadata.bytes(8, [0, 0, 0, 0, 0, 8, 8, 0, LEAF_K, 0, INTERNAL_K, 0, 0, 0, 0, 0]);
  metadata.u64(24, 0);
  metadata.u64(32, UNDEFINED_ADDRESS);
  metadata.u64(40, position);
  metadata.u64(48, UNDEFINED_ADDRESS);
  metadata.u64(64, address);
  metadata.u32(72, 1);
  metadata.u64(80, tree);
  metadata.u64(88, heap);
  return [metadata.finish(), ...pieces];
}
