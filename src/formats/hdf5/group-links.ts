import type { ByteReader } from './byte-reader.js';
import { denseLinkMessages } from './dense-links.js';
import type { HeaderMessage } from './object-header.js';

/** What a name in a group leads to: an object of the file, or what is never followed. */
export type Link =
  | { readonly kind: 'hard'; readonly address: number }
  | { readonly kind: 'soft' | 'external' };

const LINK_INFO = 0x02;
const LINK = 0x06;
const SYMBOL_TABLE = 0x11;
const MOST_LINKS = 1_000_000;
const MOST_NODES = 200_000;
const SOFT_LINK_CACHE = 2;
const NONE = Number.POSITIVE_INFINITY;

/** Links of one group while they are collected. */
class LinkCollector {
  readonly links = new Map<string, Link>();
  readonly #reader: ByteReader;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  #add(name: string, link: Link): void {
    const { fail } = this.#reader;
    if (name === '' || name === '.' || name.includes('/')) {
      throw fail(`a group holds the name ${JSON.stringify(name)}`);
    }
    if (this.links.has(name)) throw fail(`a group holds the name '${name}' twice`);
    if (this.links.size >= MOST_LINKS) throw fail('a group holds too many names');
    this.links.set(name, link);
  }

  /** Names of a symbol table: a tree over nodes of entries, with the names in a local heap. */
  symbolTable(start: number): void {
    const reader = this.#reader;
    const heap = reader.u64(start + 8);
    reader.signature(heap, 'HEAP');
    const names = reader.require(reader.u64(heap + 24), reader.u64(heap + 8));
    const namesEnd = names + reader.u64(heap + 8);
    const seen = new Set<number>();
    const stack = [{ node: reader.u64(start), level: NONE }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (seen.has(top.node) || seen.size >= MOST_NODES) {
        throw reader.fail('the nodes of a group form a circle');
      }
      seen.add(top.node);
      if (top.level === 0) {
        this.#symbolNode(top.node, names, namesEnd);
        continue;
      }
      reader.signature(top.node, 'TREE');
      const level = reader.u8(top.node + 5);
      if (reader.u8(top.node + 4) !== 0 || level >= top.level) {
        throw reader.fail('the tree of a group has a node of another level or kind');
      }
      const used = reader.u16(top.node + 6);
      reader.require(top.node + 24, 16 * used + 8);
      for (let i = used - 1; i >= 0; i--) {
        stack.push({ node: reader.u64(top.node + 32 + 16 * i), level });
      }
    }
  }

  #symbolNode(node: number, names: number, namesEnd: number): void {
    const reader = this.#reader;
    reader.signature(node, 'SNOD');
    const count = reader.u16(node + 6);
    reader.require(node + 8, 40 * count);
    for (let i = 0; i < count; i++) {
      const entry = node + 8 + 40 * i;
      const name = reader.terminated(names + reader.u64(entry), namesEnd);
      const soft = reader.u32(entry + 16) === SOFT_LINK_CACHE;
      this.#add(name, soft ? { kind: 'soft' } : { kind: 'hard', address: reader.u64(entry + 8) });
    }
  }

  linkMessage(start: number, size: number): void {
    const reader = this.#reader;
    if (reader.u8(start) !== 1) throw reader.fail('a link of a group is of an unknown version');
    const flags = reader.u8(start + 1);
    let position = start + 2;
    const type = (flags & 0x08) !== 0 ? reader.u8(position++) : 0;
    if ((flags & 0x04) !== 0) position += 8;
    if ((flags & 0x10) !== 0) position += 1;
    const width = 2 ** (flags & 3);
    const length = reader.unsigned(position, width);
    position += width;
    const name = reader.text(reader.slice(position, length));
    position += length;
    if (position > start + size) throw reader.fail('a link of a group leaves its message');
    if (type === 0) this.#add(name, { kind: 'hard', address: reader.u64(position) });
    else this.#add(name, { kind: type === 1 ? 'soft' : 'external' });
  }

  linkInfo(start: number): void {
    const reader = this.#reader;
    const position = start + 2 + ((reader.u8(start + 1) & 1) !== 0 ? 8 : 0);
    const heap = reader.u64(position);
    if (heap === NONE) return;
    for (const { start: link, size } of denseLinkMessages(reader, heap, reader.u64(position + 8))) {
      this.linkMessage(link, size);
    }
  }
}

/**
 * The names of a group and what they lead to. Soft and external links are told apart and never followed.
 * @returns undefined when the messages are not those of a group.
 */
export function readLinks(
  reader: ByteReader,
  messages: readonly HeaderMessage[],
): ReadonlyMap<string, Link> | undefined {
  const collector = new LinkCollector(reader);
  let group = false;
  for (const { type, start, size } of messages) {
    if (type === SYMBOL_TABLE) collector.symbolTable(start);
    else if (type === LINK) collector.linkMessage(start, size);
    else if (type === LINK_INFO) collector.linkInfo(start);
    else continue;
    group = true;
  }
  return group ? collector.links : undefined;
}
