import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../core/errors.js';
import { decodeHdf5 } from './decode-hdf5.js';
import { encodeHdf5 } from './encode-hdf5.js';
import { Hdf5GroupInput } from './hdf5-tree.js';

async function bytesOf(root: Hdf5GroupInput): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(encodeHdf5(root) as BlobPart[]).arrayBuffer());
}

test('what was written is read again', async () => {
  const root = new Hdf5GroupInput();
  root.attributes.set('config', 'ü'.repeat(70_000));
  root.attributes.set('names', { texts: ['a', 'bcd', ''], fixed: false });
  root.attributes.set('padded', { texts: ['a', 'bcd'], fixed: true });
  root.attributes.set('none', { texts: [], fixed: false });
  root.group('empty');
  root.dataset('step', { shape: [], data: BigInt64Array.of(7n) });
  // More names than one node of a tree over symbol nodes holds.
  for (let i = 0; i < 600; i++) {
    root.dataset(`layers/c_${i}/0`, { shape: [1, 3], data: Float32Array.of(1, i, 0.1) });
  }
  const read = decodeHdf5(await bytesOf(root));
  assert.equal(read.text('config'), 'ü'.repeat(70_000));
  assert.deepEqual(read.texts('names'), ['a', 'bcd', '']);
  assert.deepEqual(read.texts('padded'), ['a', 'bcd']);
  assert.deepEqual(read.texts('none'), []);
  assert.equal(read.text('absent'), undefined);
  assert.deepEqual([...read.names].sort(), ['empty', 'layers', 'step']);
  assert.deepEqual(read.group('empty')?.names, []);
  assert.deepEqual(read.dataset('step')?.read(), BigInt64Array.of(7n));
  assert.equal(read.group('layers')?.names.length, 600);
  const array = read.dataset('layers/c_599/0');
  assert.deepEqual(array?.shape, [1, 3]);
  assert.deepEqual(array?.read(), Float32Array.of(1, 599, 0.1));
  assert.equal(read.get('layers/c_600'), undefined);
  assert.equal(read.get('step/x'), undefined);
});

test('other bytes are no HDF5 file', () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(100)]) {
    assert.throws(() => decodeHdf5(bytes, 'x.h5'), FormatError);
  }
});
