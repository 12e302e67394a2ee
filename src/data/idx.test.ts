import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FormatError } from '../core/errors.js';
import { decodeIdx, gunzip, parseIdx } from './idx.js';

function idx(shape: number[], data?: Uint8Array): Uint8Array {
  const length = shape.reduce((product, d) => product * d, 1);
  const bytes = new Uint8Array(4 + 4 * shape.length + (data?.length ?? length));
  bytes.set([0, 0, 8, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((d, axis) => {
    view.setUint32(4 + 4 * axis, d);
  });
  bytes.set(data ?? Uint8Array.from({ length }, (_, i) => (i * 37) % 251), 4 + 4 * shape.length);
  return bytes;
}

const images = idx([5, 4, 3]);

test('parseIdx reads shape and data', () => {
  const { shape, data } = parseIdx(images, 'images');
  assert.deepEqual(shape, [5, 4, 3]);
  assert.deepEqual(data, images.subarray(16));
});

test('decodeIdx reads gzip and plain files alike', async () => {
  const big = idx([300, 28, 28]);
  assert.deepEqual(await decodeIdx(big, 'plain'), parseIdx(big, 'plain'));
  assert.deepEqual(await decodeIdx(gzipSync(big), 'gz'), parseIdx(big, 'plain'));
});

test('every truncation is refused', async () => {
  const compressed = gzipSync(images);
  for (let length = 0; length < images.length; length++) {
    assert.throws(() => parseIdx(images.subarray(0, length), 'images'), FormatError);
  }
  for (let length = 0; length < compressed.length - 8; length++) {
    await assert.rejects(decodeIdx(compressed.subarray(0, length), 'images.gz'), FormatError);
  }
  await assert.rejects(
    decodeIdx(compressed.subarray(0, compressed.length - 3), 'images.gz'),
    /images\.gz is a truncated or corrupt gzip file/,
  );
});

test('every flipped bit of a gzip file is refused or changes nothing', async () => {
  const compressed = gzipSync(images);
  let refused = 0;
  for (let bit = 0; bit < compressed.length * 8; bit++) {
    const mutant = Uint8Array.from(compressed);
    mutant[bit >> 3] ^= 1 << (bit & 7);
    try {
      assert.deepEqual((await decodeIdx(mutant, 'mutant')).data, images.subarray(16));
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
      refused++;
    }
  }
  // The header's flags, time and system bytes may change without harm.
  assert.ok(refused > (compressed.length - 10) * 8);
});

test('headers that lie are refused with what came and what was expected', async () => {
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /x is truncated: 0 bytes came/],
    [new TextEncoder().encode('<!DOCTYPE html>'), /x is no IDX file: it starts with 3c 21 44 4f/],
    [Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), /element type 0x0d, but only unsigned bytes/],
    [Uint8Array.of(0, 0, 8, 0), /declares 0 dimensions/],
    [Uint8Array.of(0, 0, 8, 5, 0), /declares 5 dimensions/],
    [idx([0, 4]), /dimension 0 as 0/],
    [idx([4_294_967_295, 4_294_967_295], new Uint8Array(8)), /more than the \d+ bytes allowed/],
    [idx([2, 2], new Uint8Array(5)), /has trailing bytes: 17 bytes came, but .* announces 16/],
    [idx([2, 2], new Uint8Array(3)), /is truncated: 15 bytes came/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => parseIdx(bytes, 'x'), { name: 'FormatError', message });
    const gzipMessage = message.source.includes('trailing') ? /holds more than the 16/ : message;
    await assert.rejects(decodeIdx(gzipSync(bytes), 'x'), {
      name: 'FormatError',
      message: gzipMessage,
    });
  }
});

test('a decompression bomb stops early', async () => {
  const bomb = gzipSync(new Uint8Array(64 * 2 ** 20), { level: 9 });
  await assert.rejects(gunzip(bomb, { maxBytes: 1000, source: 'bomb' }), {
    name: 'FormatError',
    message: /bomb expands to more than the 1000 bytes allowed/,
  });
  const disguised = gzipSync(idx([10], new Uint8Array(64 * 2 ** 20)), { level: 9 });
  await assert.rejects(decodeIdx(disguised, 'bomb'), /holds more than the 18 bytes/);
});

test('gunzip hands plain IDX back and refuses the rest', async () => {
  assert.equal(await gunzip(images, { maxBytes: 1000, source: 'x' }), images);
  assert.deepEqual(await gunzip(gzipSync(images), { maxBytes: 1000, source: 'x' }), images);
  await assert.rejects(gunzip(images, { maxBytes: 10, source: 'x' }), FormatError);
  await assert.rejects(gunzip(Uint8Array.of(1, 2), { maxBytes: 10, source: 'x' }), FormatError);
});
