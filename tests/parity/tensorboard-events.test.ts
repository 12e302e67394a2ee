import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { crc32c } from '../../src/formats/tensorboard/crc32c.js';
import { type EventContent, encodeEvent } from '../../src/formats/tensorboard/encode-event.js';
import { encodeRecord } from '../../src/formats/tensorboard/encode-record.js';
import { valueHistogram } from '../../src/formats/tensorboard/value-histogram.js';

const path = new URL('../../../tests/parity/fixtures/tensorboard-events.json', import.meta.url);
const expected = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Record<string, string>;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const histogram = {
  min: -1.5,
  max: 2,
  count: 4,
  sum: 0.5,
  squares: 7.25,
  limits: [-0.25, 2],
  counts: [1, 3],
};
const image = { height: 2, width: 3, channels: 3, png: Uint8Array.of(1, 2, 3, 4) };
const graph = [
  { name: 'x', op: 'Placeholder', inputs: [], shape: [-1, 4] },
  { name: 'd', op: 'Dense', inputs: ['x'], shape: [-1, 300] },
];
const scalars = [
  { tag: 'a/b', scalar: 0.1 },
  { tag: 'ü', scalar: -2 },
];
const events: [name: string, wallTime: number, step: number, content: EventContent][] = [
  ['version', 1.5, 0, { version: 'brain.Event:2' }],
  ['scalars', 2.5, 300, { values: scalars }],
  ['histogram', 0.25, 1, { values: [{ tag: 'h', histogram }] }],
  ['image', 0.25, 1, { values: [{ tag: 'i', image }] }],
  ['graph', 1, 0, { graph }],
];

suite('events are, byte for byte, those of TensorBoard’s own protocol buffers', () => {
  for (const [name, wallTime, step, content] of events) {
    test(name, () => {
      assert.equal(hex(encodeEvent(wallTime, step, content)), expected[name]);
    });
  }
});

test('records are those of TensorFlow', () => {
  assert.equal(hex(encodeRecord(new TextEncoder().encode('some bytes'))), expected.record);
});

test('CRC-32C gives the values of RFC 3720', () => {
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
});

test('histograms count every finite number once', () => {
  const values = Float32Array.of(0, 1, 1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY);
  const { min, max, count, sum, squares, limits, counts } = valueHistogram(values);
  assert.deepEqual([min, max, count, sum, squares], [0, 3, 5, 7, 15]);
  assert.equal(limits.at(-1), 3);
  assert.deepEqual(
    counts.flatMap((n, i) => (n > 0 ? [[i, n]] : [])),
    [
      [0, 1],
      [10, 2],
      [20, 1],
      [29, 1],
    ],
  );
  assert.deepEqual(valueHistogram(Float32Array.of(2, 2)).counts, [2]);
  assert.equal(valueHistogram(Float32Array.of(Number.NaN)).count, 0);
});
