import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallTimes } from './call-times.js';
import { RunClock } from './run-clock.js';

test('the first run counts only while there is no other', () => {
  const times = new CallTimes(2);
  for (const [a, b] of [
    [100, 100],
    [1, 3],
    [3, 5],
  ]) {
    times.begin();
    times.add(0, a, 0);
    times.add(1, b, b - 1);
    times.end(a + b);
    if (a === 100) assert.equal(times.means().total, 200);
  }
  assert.deepEqual(times.means(), {
    total: 6,
    calls: Float64Array.of(2, 4),
    waiting: Float64Array.of(0, 3),
  });
  assert.equal(times.runs, 2);
});

test('time between runs counts only where they follow each other', () => {
  const clock = new RunClock();
  clock.begin(0);
  clock.end(50);
  clock.begin(60);
  clock.end(80);
  clock.interrupt();
  clock.begin(1000);
  clock.end(1040);
  clock.begin(1042);
  clock.end(1072);
  assert.equal(clock.runs, 3);
  assert.equal(clock.milliseconds, 30);
  assert.equal(clock.between, 6);
});
