import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../core/errors.js';
import { decodeSafetensors, encodeSafetensors, type TensorInput } from './safetensors.js';

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

/** A file with this header and so many bytes of data. */
function file(header: string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const tensors = new Map<string, TensorInput>([
  ['mask', { shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ['conv/kernel', { shape: [2, 2], data: Float32Array.of(1, -2, Number.NaN, 4) }],
  ['step', { shape: [], data: BigInt64Array.of(-(2n ** 40n)) }],
  ['bias', { shape: [2], data: Float64Array.of(0.1, 0.2) }],
  ['empty', { shape: [0, 7], data: new Int32Array(0) }],
  ['é"\\', { shape: [1], data: Int32Array.of(-5) }],
]);

test('what is written is read again', () => {
  const bytes = join(encodeSafetensors(tensors, { format: 'residuum', b: '1', a: '"' }));
  const read = decodeSafetensors(bytes);
  assert.deepEqual({ ...read.metadata }, { format: 'residuum', b: '1', a: '"' });
  assert.equal(Object.getPrototypeOf(read.metadata), null);
  assert.equal(read.tensors.size, tensors.size);
  for (const [name, { shape, data }] of tensors) {
    const tensor = read.tensors.get(name);
    assert.deepEqual(tensor?.shape, shape);
    assert.deepEqual(tensor?.data, data);
  }
});

test('the bytes depend neither on the order of the map nor on that of the metadata', () => {
  const once = join(encodeSafetensors(tensors, { a: '1', b: '2' }));
  const again = join(encodeSafetensors(new Map([...tensors].reverse()), { b: '2', a: '1' }));
  assert.deepEqual(once, again);
  assert.equal(new DataView(once.buffer).getUint32(0, true) % 8, 0);
});

test('unaligned bytes are copied', () => {
  const bytes = join(encodeSafetensors(tensors));
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  const read = decodeSafetensors(shifted.subarray(1));
  assert.deepEqual(read.tensors.get('bias')?.data, Float64Array.of(0.1, 0.2));
});

test('every truncation, every extension and long headers are refused', () => {
  const bytes = join(encodeSafetensors(tensors));
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length)), FormatError);
  }
  assert.throws(() => decodeSafetensors(join([bytes, Uint8Array.of(0)])), FormatError);
  assert.throws(() => decodeSafetensors(bytes, { maxHeaderBytes: 16 }), /more than the 16 allowed/);
  const huge = Uint8Array.from(bytes);
  huge.fill(0xff, 0, 8);
  assert.throws(() => decodeSafetensors(huge), FormatError);
});

test('flipped bits in the header give content or a FormatError, never another error', () => {
  const bytes = join(encodeSafetensors(tensors, { a: 'b' }));
  const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
  for (let bit = 0; bit < headerEnd * 8; bit++) {
    const mutant = Uint8Array.from(bytes);
    mutant[bit >> 3] ^= 1 << (bit & 7);
    try {
      decodeSafetensors(mutant);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});

test('headers that lie are refused', () => {
  const f32 = (shape: string, from: number, to: number) =>
    `{"dtype":"F32","shape":${shape},"data_offsets":[${from},${to}]}`;
  const one = f32('[1]', 0, 4);
  const cases: [string, number, RegExp][] = [
    ['[]', 0, /does not start with '\{'/],
    ['{"a":1}', 0, /described by no JSON object/],
    ['{', 0, /no JSON/],
    [`{"a":${one},"a":${one}}`, 4, /holds 'a' twice/],
    [`{"a":${one},"\\u0061":${one}}`, 4, /holds 'a' twice/],
    [`{"__proto__":${one}}`, 4, /forbidden name '__proto__'/],
    [`{"__metadata__":{"constructor":"x"},"a":${one}}`, 4, /forbidden name 'constructor'/],
    ['{"__metadata__":{"a":1}}', 0, /metadata 'a' is no string/],
    ['{"__metadata__":[]}', 0, /no JSON object/],
    [`{"a":${one},"b":${one}}`, 4, /'b' overlaps/],
    [`{"a":${one},"b":${f32('[1]', 8, 12)}}`, 12, /belong to no tensor/],
    [`{"a":${f32('[1]', 4, 8)}}`, 8, /belong to no tensor/],
    [`{"a":${one}}`, 8, /8 bytes of data came/],
    [`{"a":${one}}`, 3, /claims bytes 0 to 4 of 3/],
    [`{"a":${f32('[2]', 0, 4)}}`, 4, /claims 4 bytes, but F32 of shape \[2\] takes 8/],
    [`{"a":${f32('[1]', 4, 0)}}`, 4, /claims bytes 4 to 0/],
    [`{"a":${f32('[-1]', 0, 4)}}`, 4, /no list of sizes/],
    [`{"a":${f32('[1.5]', 0, 4)}}`, 4, /no list of sizes/],
    [`{"a":${f32('[94906267,94906267]', 0, 4)}}`, 4, /too large/],
    [`{"a":${f32('[9007199254740993]', 0, 4)}}`, 4, /no list of sizes/],
    ['{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4, /dtype "F16"/],
    ['{"a":{"dtype":"toString","shape":[2],"data_offsets":[0,4]}}', 4, /dtype "toString"/],
    ['{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4, /no pair of positions/],
    ['{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}', 4, /exactly dtype/],
  ];
  for (const [header, dataBytes, message] of cases) {
    assert.throws(() => decodeSafetensors(file(header, dataBytes), { source: 'w' }), {
      name: 'FormatError',
      message,
    });
  }
  assert.throws(() => decodeSafetensors(file('{"\xff')), FormatError);
});

test('what cannot be read is not written', () => {
  const tensor = { shape: [1], data: new Float32Array(1) };
  for (const name of ['__proto__', '__metadata__', 'constructor']) {
    assert.throws(() => encodeSafetensors(new Map([[name, tensor]])), FormatError);
  }
  assert.throws(
    () => encodeSafetensors(new Map([['a', { shape: [2], data: new Float32Array(1) }]])),
    /tensor 'a' holds 1 numbers, but its shape \[2\] needs 2/,
  );
});
