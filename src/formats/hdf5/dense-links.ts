import type { ByteReader } from './byte-reader.js';

/** Where a link message lies. */
export interface LinkPlace {
  readonly start: number;
  readonly size: number;
}

const MOST_NODES = 200_000;
const MOST_ROWS = 64;

/** A fractal heap of managed objects without filters: offsets within it become places in the file. */
class FractalHeap {
  readonly #reader: ByteReader;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;
  readonly #blockHead: number;
  /** Direct blocks: where they begin in the heap, their size, and where they lie. */
  readonly #blocks: { offset: number; size: number; address: number }[] = [];

  constructor(reader: ByteReader, address: number) {
    this.#reader = reader;
    reader.signature(address, 'FRHP');
    if (reader.u16(address + 7) !== 0) throw reader.fail('the names of a group are compressed');
    const width = reader.u16(address + 110);
    const startingSize = reader.u64(address + 112);
    const largestDirect = reader.u64(address + 120);
    const heapBits = reader.u16(address + 128);
    const root = reader.u64(address + 132);
    const rows = reader.u16(address + 140);
    const powers = [width, startingSize, largestDirect].every(
      (n) => n > 0 && Number.isInteger(Math.log2(n)),
    );
    if (!powers || heapBits > 64 || startingSize > largestDirect) {
      throw reader.fail('the table of a heap is malformed');
    }
    this.#offsetBytes = Math.ceil(heapBits / 8);
    this.#lengthBytes = Math.ceil(
      Math.log2(Math.min(largestDirect, reader.u32(address + 10))) / 8 + 1e-9,
    );
    this.#blockHead = 13 + this.#offsetBytes;
    if (root === Number.POSITIVE_INFINITY) return;
    const table = { width, startingSize, largestDirect };
    if (rows === 0) this.#blocks.push({ offset: 0, size: startingSize, address: root });
    else this.#indirect(root, rows, 0, table, { nodes: 0 });
  }

  #indirect(
    address: number,
    rows: number,
    start: number,
    table: { width: number; startingSize: number; largestDirect: number },
    budget: { nodes: number },
  ): void {
    const reader = this.#reader;
    reader.signature(address, 'FHIB');
    if (rows > MOST_ROWS || budget.nodes++ > MOST_NODES) throw reader.fail('a heap is too large');
    let position = address + this.#blockHead;
    let offset = start;
    for (let row = 0; row < rows; row++) {
      const size = table.startingSize * 2 ** Math.max(0, row - 1);
      for (let column = 0; column < table.width; column++) {
        const child = reader.u64(position);
        position += 8;
        if (child !== Number.POSITIVE_INFINITY) {
          if (size <= table.largestDirect) {
            if (budget.nodes++ > MOST_NODES) throw reader.fail('a heap is too large');
            this.#blocks.push({ offset, size, address: child });
          } else {
            const first = table.startingSize * table.width;
            const childRows = Math.log2(size) - Math.log2(first) + 1;
            this.#indirect(child, childRows, offset, table, budget);
          }
        }
        offset += size;
      }
    }
  }

  /** The place of the object with the identifier at a place of the file. */
  find(identifier: number): LinkPlace {
    const reader = this.#reader;
    if (reader.u8(identifier) !== 0) throw reader.fail('a name of a group lies outside its heap');
    const offset = reader.unsigned(identifier + 1, this.#offsetBytes);
    const size = reader.unsigned(identifier + 1 + this.#offsetBytes, this.#lengthBytes);
    // The blocks are in the order of their offsets.
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle].offset <= offset) low = middle + 1;
      else high = middle;
    }
    const candidate = this.#blocks.at(low - 1);
    const inside = candidate && low > 0 && offset + size <= candidate.offset + candidate.size;
    const block = inside ? candidate : undefined;
    if (block === undefined) throw reader.fail('a name of a group lies outside its heap');
    reader.signature(block.address, 'FHDB');
    return { start: reader.require(block.address + offset - block.offset, size), size };
  }
}

/** Places of the records of a version-2 tree. */
function treeRecords(reader: ByteReader, address: number): number[] {
  reader.signature(address, 'BTHD');
  const nodeSize = reader.u32(address + 6);
  const recordSize = reader.u16(address + 10);
  const depth = reader.u16(address + 12);
  const root = reader.u64(address + 16);
  const rootRecords = reader.u16(address + 24);
  if (reader.u8(address + 5) !== 5 || recordSize !== 11 || depth > 8 || nodeSize < 32) {
    throw reader.fail('the tree of a group is of an unknown kind');
  }
  if (root === Number.POSITIVE_INFINITY) return [];
  const bytesFor = (count: number) => Math.max(1, Math.ceil(Math.log2(count + 1) / 8));
  // Most records of a node by level, and how wide the numbers of a child pointer are.
  const most = [Math.floor((nodeSize - 10) / recordSize)];
  const total = [most[0]];
  const pointer = [0];
  for (let level = 1; level <= depth; level++) {
    const totalBytes = level > 1 ? bytesFor(total[level - 1]) : 0;
    pointer[level] = 8 + bytesFor(most[0]) + totalBytes;
    most[level] = Math.floor((nodeSize - 10 - pointer[level]) / (recordSize + pointer[level]));
    total[level] = (most[level] + 1) * total[level - 1] + most[level];
  }
  const records: number[] = [];
  const seen = new Set<number>();
  const stack = [{ node: root, count: rootRecords, level: depth }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, count, level } = top;
    if (seen.has(node) || seen.size >= MOST_NODES) {
      throw reader.fail('the nodes of a group form a circle');
    }
    seen.add(node);
    reader.signature(node, level === 0 ? 'BTLF' : 'BTIN');
    reader.require(node + 6, count * recordSize);
    for (let i = 0; i < count; i++) records.push(node + 6 + i * recordSize);
    if (level === 0) continue;
    const children = node + 6 + count * recordSize;
    for (let i = 0; i <= count; i++) {
      const child = children + i * pointer[level];
      const records = reader.unsigned(child + 8, bytesFor(most[0]));
      stack.push({ node: reader.u64(child), count: records, level: level - 1 });
    }
  }
  return records;
}

/**
 * The link messages of a group that has so many that newer files keep them in a heap with a tree over
 * their names.
 * @throws {FormatError} when heap or tree leave the file, form a circle, or are of an unknown kind.
 */
export function denseLinkMessages(reader: ByteReader, heap: number, tree: number): LinkPlace[] {
  const places = new FractalHeap(reader, heap);
  // A record is a hash of the name (4 bytes) and the identifier of the message in the heap (7).
  return treeRecords(reader, tree).map((record) => places.find(record + 4));
}
