import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  DataError,
  decodeNpy,
  FormatError,
  NpzArchive,
  npySamples,
  Random,
} from '../../src/node.js';
import { mutantCount } from '../interchange/mutants.js';

const MUTANTS = mutantCount(4000);

/** What `npy_arrays.py` wrote with the real NumPy. */
function fixture(name: string): NpzArchive {
  const path = new URL(`../../../tests/parity/fixtures/${name}.npz`, import.meta.url);
  return new NpzArchive(readFileSync(fileURLToPath(path)), `${name}.npz`);
}

for (const name of ['arrays', 'arrays-compressed']) {
  test(`${name}: every type in either byte order`, () => {
    const archive = fixture(name);
    const numbers = Array.from({ length: 24 }, (_, i) => i);
    for (const type of ['b1', 'u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8']) {
      for (const order of ['le', 'be']) {
        const { data, shape } = archive.read(`${type}${order}`);
        assert.deepEqual(shape, [2, 3, 4]);
        const expected = numbers.map((i) => {
          if (type === 'b1') return i % 3 === 0 ? 1 : 0;
          if (type[0] === 'u') return i;
          return type[0] === 'i' ? i - 11 : (i - 11) / 8;
        });
        assert.deepEqual([...data], expected, `${type}${order}`);
      }
    }
  });

  test(`${name}: shapes, Fortran's order, halves`, () => {
    const archive = fixture(name);
    const fortran = archive.read('fortran');
    assert.deepEqual(
      [...fortran.data],
      Array.from({ length: 30 }, (_, i) => i),
    );
    assert.deepEqual(fortran.shape, [2, 5, 3]);
    assert.deepEqual(archive.read('scalar'), {
      shape: [],
      data: Float64Array.of(2.5),
      dtype: '<f8',
    });
    assert.deepEqual([...archive.read('vector').data], [0, 1, 2, 3, 4]);
    assert.deepEqual(archive.read('empty').shape, [0, 3]);
    assert.deepEqual([...archive.read('half').data], [0, 1, -2, 65504, 2 ** -24, Infinity]);
  });
}

test('objects, records, text and numbers that do not fit are refused by name', () => {
  const archive = fixture('arrays');
  const refused = (name: string, message: RegExp) =>
    assert.throws(() => archive.read(name), { name: 'FormatError', message });
  refused('objects', /array objects, holds Python objects \(dtype object\), which can run code/);
  refused('fields', /holds records of several fields/);
  refused('complex', /has values of type "<c8"/);
  refused('text', /has values of type "<U2"/);
  refused('large', /holds 9007199254740992 at index 0/);
  refused('none', /it lacks 'none\.npy'/);
});

test('samples are bytes or float32, and whole numbers stay what they are', () => {
  const archive = fixture('arrays');
  assert.ok(npySamples(archive.read('u1le'), 'x').data instanceof Uint8Array);
  const { data } = npySamples(archive.read('i8le'), 'x');
  assert.ok(data instanceof Float32Array && data[0] === -11);
  const large = { shape: [1], data: Float64Array.of(2 ** 24 + 1), dtype: '<i4' };
  assert.throws(() => npySamples(large, 'x'), DataError);
});

/** A `.npy` file by hand. */
function npy(header: string, data = new Uint8Array(0), version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const start = [
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    version,
    0,
    text.length & 255,
    text.length >> 8,
  ];
  return Uint8Array.from([...start, ...(version > 1 ? [0, 0] : []), ...text, ...data]);
}

test('crafted headers are refused', () => {
  const crafted: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is no \.npy file/],
    [npy('').subarray(0, 9), /ends within its header/],
    [npy("{'descr': '<f4'}"), /its header is/],
    [
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,), }"),
      /damaged|needs/,
    ],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999, 9999999, 99), }"), /shape/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, -1), }"), /its header is/],
    [npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } + f()"), /its header is/],
    [npy("{'descr': '<f4', 'fortran_order': maybe, 'shape': (1,), }"), /its header is/],
    [
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new Uint8Array(4)),
      /needs 8/,
    ],
    [npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"), /Python objects/],
    [
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }", new Uint8Array(4)),
      /shape/,
    ],
    [npy('', new Uint8Array(0), 9), /its version is 9/],
  ];
  for (const [bytes, message] of crafted) {
    assert.throws(() => decodeNpy(bytes, 'x.npy'), { name: 'FormatError', message });
  }
  const second = npy(
    "{'shape': (1,), 'descr': '|u1', 'fortran_order': False}",
    Uint8Array.of(7),
    2,
  );
  assert.deepEqual([...decodeNpy(second, 'x.npy').data], [7]);
});

test(`${MUTANTS} seeded mutants of .npy and .npz files: arrays, or a typed error`, () => {
  const random = new Random(31);
  const header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }";
  const path = (name: string) =>
    fileURLToPath(new URL(`../../../tests/parity/fixtures/${name}.npz`, import.meta.url));
  const bases = [npy(header, new Uint8Array(24)), readFileSync(path('arrays-compressed'))];
  const memory = process.memoryUsage().rss;
  let read = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const base = bases[i % 2];
    let bytes = Uint8Array.from(base);
    for (let k = 0; k <= random.integer(4); k++) {
      bytes[random.integer(bytes.length)] = random.integer(256);
    }
    if (random.integer(4) === 0) bytes = bytes.subarray(0, random.integer(bytes.length));
    const started = process.cpuUsage();
    try {
      if (i % 2 === 0) decodeNpy(bytes, 'mutant');
      else {
        const archive = new NpzArchive(bytes, 'mutant');
        for (const name of archive.names.slice(0, 24)) archive.read(name);
      }
      read++;
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
    const { user, system } = process.cpuUsage(started);
    assert.ok((user + system) / 1e6 < 1, `mutant ${i}`);
  }
  assert.ok(process.memoryUsage().rss - memory < 256 * 2 ** 20);
  assert.ok(read > 0 && read < 4000, `${read}`);
});
