import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { transferBar } from './transfer-bar.js';

/** A terminal, or a pipe, that keeps what is written, and a clock. */
function bench(isTTY: boolean, columns = 80) {
  const clock = { now: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  return { bar: transferBar(stream, () => clock.now), clock, written };
}

test('on a terminal it shows stages, bytes and the time left, and leaves nothing', () => {
  const { bar, clock, written } = bench(true);
  bar.onProgress({ stage: 'encoding' });
  bar.onProgress({ stage: 'writing', done: 16e6, total: 100e6 });
  clock.now = 2000;
  bar.onProgress({ stage: 'writing', done: 50e6, total: 100e6 });
  clock.now = 2010;
  bar.onProgress({ stage: 'writing', done: 51e6, total: 100e6 });
  bar.finish();
  const lines = written.map((text) => stripVTControlCharacters(text));
  assert.equal(lines[0], '\rMaking the file …');
  assert.match(lines[2], /^\rWriting 50\/100 MB ━+─+ ETA 2s$/);
  assert.equal(written.length, 4);
  assert.equal(written[3], '\r\x1b[K');
});

test('it fits a narrow terminal', () => {
  const { bar, clock, written } = bench(true, 30);
  bar.onProgress({ stage: 'writing', done: 16e6, total: 1000e6 });
  clock.now = 1000;
  bar.onProgress({ stage: 'writing', done: 17e6, total: 1000e6 });
  for (const text of written) assert.ok(stripVTControlCharacters(text).length <= 30, text);
});

test('in a pipe it writes nothing', () => {
  const { bar, written } = bench(false);
  bar.onProgress({ stage: 'reading', done: 1, total: 2 });
  bar.finish();
  assert.deepEqual(written, []);
});
