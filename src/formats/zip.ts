import { inflateSync, Zip, ZipPassThrough } from 'fflate';
import { FormatError } from '../core/errors.js';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const MOST_ENTRIES = 10_000;
const STORED = 0;
const DEFLATED = 8;
/** Deflate cannot shrink data more than this. */
const LARGEST_RATIO = 1032;
const LARGEST_ARCHIVE = 0xffff_fffe;
/** 1980-01-01, the first date of the format, so that the same model gives the same bytes. */
const DATE = new Date(1980, 0, 1);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

/**
 * A zip archive whose members are stored as they are.
 * @param members name and pieces of each. @returns the archive in pieces.
 * @throws {FormatError} when it would be larger than 4 GiB.
 */
export function encodeStoredZip(
  members: readonly (readonly [name: string, pieces: readonly Uint8Array[]])[],
): Uint8Array[] {
  const sizes = members.flatMap(([, pieces]) => pieces.map((piece) => piece.length));
  if (sizes.reduce((sum, size) => sum + size, 0) > LARGEST_ARCHIVE - 2 ** 20) {
    throw new FormatError('the model is too large for one zip archive, which holds at most 4 GiB');
  }
  const archive: Uint8Array[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    archive.push(piece);
  });
  for (const [name, pieces] of members) {
    const member = new ZipPassThrough(name);
    member.mtime = DATE;
    zip.add(member);
    for (const piece of pieces) member.push(piece, false);
    member.push(new Uint8Array(0), true);
  }
  zip.end();
  return archive;
}

/** A member of an archive, by the archive's directory. */
interface ZipEntry {
  readonly method: number;
  readonly crc: number;
  readonly stored: number;
  readonly size: number;
  readonly offset: number;
}

/** The members of a zip archive that nobody has vouched for; nothing is extracted before it is asked for. */
export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, ZipEntry>();
  readonly #fail: (problem: string) => FormatError;

  /**
   * Reads the directory.
   * @throws {FormatError} when the bytes are no archive, or a name repeats or leads out of the archive.
   */
  constructor(bytes: Uint8Array, source: string) {
    // A Node Buffer, whose slice is no copy, becomes a plain array.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fail = (problem) => new FormatError(`${source} is not read: ${problem}.`);
    this.#readDirectory();
  }

  /** Names of the members. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Size of a member once read, in bytes, as the directory claims; undefined where there is none. */
  sizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /**
   * The content of a member, whose checksum is verified; stored members are views.
   * @param most bytes that it may have; memory is taken only below that.
   * @throws {FormatError} when it is missing, encrypted, too large, or not what the directory says.
   */
  read(name: string, most: number): Uint8Array {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#fail(`it lacks '${name}'`);
    const { method, crc, stored, size, offset } = entry;
    if (size > most) {
      throw this.#fail(`'${name}' claims ${size} bytes, but at most ${most} fit what it describes`);
    }
    this.#require(offset, 30, `the head of '${name}'`);
    if (this.#view.getUint32(offset, true) !== LOCAL) throw this.#fail(`'${name}' has no head`);
    const skip = this.#view.getUint16(offset + 26, true) + this.#view.getUint16(offset + 28, true);
    const start = offset + 30 + skip;
    this.#require(start, stored, `'${name}'`);
    const packed = this.#bytes.subarray(start, start + stored);
    const content = method === STORED ? packed : this.#inflate(name, packed, size);
    if (content.length !== size || crc32(content) !== crc) {
      throw this.#fail(`'${name}' is damaged: its checksum or its size is wrong`);
    }
    return content;
  }

  #inflate(name: string, packed: Uint8Array, size: number): Uint8Array {
    if (size > packed.length * LARGEST_RATIO + 64) {
      throw this.#fail(`'${name}' claims ${size} bytes, which its ${packed.length} cannot hold`);
    }
    try {
      return inflateSync(packed, { out: new Uint8Array(size) });
    } catch {
      throw this.#fail(`'${name}' is damaged: it cannot be inflated`);
    }
  }

  #require(start: number, size: number, what: string): void {
    if (start <= this.#bytes.length && size <= this.#bytes.length - start) return;
    throw this.#fail(`${what} lies outside the file`);
  }

  #readDirectory(): void {
    const view = this.#view;
    let end = this.#bytes.length - END_BYTES;
    const last = Math.max(0, end - LONGEST_COMMENT);
    while (end >= last && view.getUint32(end, true) !== END) end--;
    if (end < last || end < 0) throw this.#fail('it is no zip archive, or is cut off');
    const count = view.getUint16(end + 10, true);
    if (count > MOST_ENTRIES) throw this.#fail(`it has ${count} members`);
    let position = view.getUint32(end + 16, true);
    for (let i = 0; i < count; i++) {
      this.#require(position, 46, 'its directory');
      if (view.getUint32(position, true) !== ENTRY) throw this.#fail('its directory is damaged');
      const nameBytes = view.getUint16(position + 28, true);
      const extra = view.getUint16(position + 30, true) + view.getUint16(position + 32, true);
      this.#require(position + 46, nameBytes, 'its directory');
      const name = new TextDecoder().decode(
        this.#bytes.slice(position + 46, position + 46 + nameBytes),
      );
      this.#addEntry(name, view.getUint16(position + 8, true), {
        method: view.getUint16(position + 10, true),
        crc: view.getUint32(position + 16, true),
        stored: view.getUint32(position + 20, true),
        size: view.getUint32(position + 24, true),
        offset: view.getUint32(position + 42, true),
      });
      position += 46 + nameBytes + extra;
    }
  }

  #addEntry(name: string, flags: number, entry: ZipEntry): void {
    const shown = JSON.stringify(name);
    const parts = name.split(/[/\\]/);
    if (parts.includes('..') || parts[0] === '' || name.includes('\0') || /^[A-Za-z]:/.test(name)) {
      throw this.#fail(`the member ${shown} leads out of the archive`);
    }
    if (this.#entries.has(name)) throw this.#fail(`the member ${shown} is there twice`);
    if ((flags & 1) !== 0) throw this.#fail(`the member ${shown} is encrypted`);
    if (entry.method !== STORED && entry.method !== DEFLATED) {
      throw this.#fail(`the member ${shown} is compressed by method ${entry.method}`);
    }
    if (entry.method === STORED && entry.stored !== entry.size) {
      throw this.#fail(`the member ${shown} has two different sizes`);
    }
    this.#entries.set(name, entry);
  }
}
