import { createHash } from 'node:crypto';
import { FormatError } from '../../core/errors.js';

/** Characters of a SHA-256 in hexadecimal. */
const LENGTH = 64;
/** What stands in the place of the checksum while it is taken. */
export const UNSEALED = '0'.repeat(LENGTH);
const MARK = Buffer.from('"sha256":"');
const SPACED_MARK = Buffer.from('"sha256": "');

/**
 * Puts a checksum of all bytes into content whose first piece has `"sha256":"000…"` in its JSON: the
 * SHA-256 of the content as it comes, in hexadecimal, in place of the zeros.
 * @returns the same pieces, the first one changed in place.
 */
export function seal(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const place = sealPlace(pieces[0]);
  if (place === undefined) throw new FormatError('there is no place for a checksum');
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  Buffer.from(pieces[0].buffer, pieces[0].byteOffset).write(hash.digest('hex'), place, 'latin1');
  return pieces;
}

/**
 * Whether the content of a file is what was sealed; undefined when it never was, or when that is what
 * is damaged.
 */
export function checkSeal(bytes: Uint8Array): boolean | undefined {
  const place = sealPlace(bytes);
  if (place === undefined) return undefined;
  const end = place + LENGTH;
  const hash = createHash('sha256');
  hash.update(bytes.subarray(0, place));
  hash.update(UNSEALED);
  hash.update(bytes.subarray(end));
  const found = Buffer.from(bytes.buffer, bytes.byteOffset + place, LENGTH).toString('latin1');
  return hash.digest('hex') === found;
}

/** Where the checksum begins. Others may hold the mark in their values: the first one counts. */
function sealPlace(bytes: Uint8Array): number | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const mark of [MARK, SPACED_MARK]) {
    const found = head.indexOf(mark);
    if (found >= 0 && found + mark.length + LENGTH <= bytes.length) return found + mark.length;
  }
  return undefined;
}
