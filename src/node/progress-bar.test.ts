import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { RunPlan, TrainingControl } from '../training/callback.js';
import { formatSeconds, type ProgressBar, progressBar } from './progress-bar.js';

const PLAN: RunPlan = {
  epochs: 2,
  initialEpoch: 0,
  samples: 1000,
  steps: 10,
  batchSize: 100,
  position: () => ({ epoch: 0, batch: 0, samples: 0, sums: {} }),
};
const CONTROL = { stopTraining: false } as TrainingControl;

class FakeStream {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns?: number,
  ) {}
  write(text: string): void {
    this.text += text;
  }
  /** What stood on the line at each drawing. */
  get drawings(): string[] {
    return stripVTControlCharacters(this.text)
      .split(/[\r\n]+/)
      .filter((line) => line !== '');
  }
}

/** Plays one epoch of ten steps of a second each, with validation. */
function playEpoch(bar: ProgressBar, clock: { time: number }, from = 0): void {
  bar.setModel?.(CONTROL, PLAN);
  bar.onTrainBegin?.({});
  bar.onEpochBegin?.(0, {});
  for (let batch = from; batch < 10; batch++) {
    clock.time += 1000;
    const samples = (batch + 1) * 100;
    bar.onTrainBatchEnd?.(batch, { loss: 0.5, accuracy: 0.75, samples, imagesPerSecond: 100 });
  }
  bar.onTestBegin?.({});
  clock.time += 1000;
  bar.onTestBatchEnd?.(0, { loss: 0.6, accuracy: 0.7, samples: 50 });
  bar.onTestEnd?.({ loss: 0.6, accuracy: 0.7 });
  bar.onEpochEnd?.(0, { loss: 0.5, accuracy: 0.75, valLoss: 0.6, valAccuracy: 0.7, seconds: 11 });
  bar.onTrainEnd?.({});
}

test('a pipe gets one line an epoch with validation figures', () => {
  const stream = new FakeStream(false);
  const clock = { time: 0 };
  playEpoch(progressBar({ stream, now: () => clock.time }), clock);
  assert.equal(
    stream.text,
    'Epoch 1/2\n1000/1000 - 11s - loss: 0.5000 - accuracy: 0.7500 - val loss: 0.6000 - val accuracy: 0.7000 - 100 img/s\n',
  );
});

test('a terminal sees the line change, with an ETA from the measured rate', () => {
  const stream = new FakeStream(true, 120);
  const clock = { time: 0 };
  playEpoch(progressBar({ stream, now: () => clock.time }), clock);
  const [title, first, second] = stream.drawings;
  assert.equal(title, 'Epoch 1/2');
  assert.match(first, /^ 100\/1000 ━+─+ ETA 9s - loss: 0.5000 - accuracy: 0.7500 - 100 img\/s$/);
  assert.match(second, /ETA 8s/);
  assert.ok(stream.drawings.some((line) => /validating: 50/.test(line)));
  assert.match(stream.drawings.at(-1) ?? '', /^1000\/1000 .*val accuracy: 0.7000/);
  assert.equal(stream.text.split('\n').length, 3);
});

test('the bar of a resumed epoch begins at the samples already done', () => {
  const stream = new FakeStream(true, 120);
  const clock = { time: 0 };
  playEpoch(progressBar({ stream, now: () => clock.time }), clock, 6);
  assert.match(stream.drawings[1], /^ 700\/1000 .* ETA 3s/);
});

test('no line that will be drawn again is wider than the terminal', () => {
  for (const columns of [20, 40, 60, 80]) {
    const stream = new FakeStream(true, columns);
    const clock = { time: 0 };
    playEpoch(progressBar({ stream, now: () => clock.time }), clock);
    const redrawn = stream.drawings.slice(0, -1);
    for (const line of redrawn) assert.ok(line.length < columns, `${columns}: ${line}`);
    assert.match(stream.drawings.at(-1) ?? '', /val accuracy: 0.7000 - 100 img/);
  }
});

test('drawings are at least 100 ms apart', () => {
  const stream = new FakeStream(true, 120);
  const clock = { time: 0 };
  const bar = progressBar({ stream, now: () => clock.time });
  bar.setModel?.(CONTROL, PLAN);
  bar.onEpochBegin?.(0, {});
  for (let batch = 0; batch < 100; batch++) {
    clock.time += 10;
    bar.onTrainBatchEnd?.(batch, { loss: 1, samples: batch + 1, imagesPerSecond: 100 });
  }
  assert.equal(stream.drawings.length, 1 + 10);
  bar.finish();
  bar.finish();
  assert.ok(stream.text.endsWith('\x1b[K\n'));
});

test('a standalone evaluation is one line', () => {
  const stream = new FakeStream(false);
  let time = 0;
  const bar = progressBar({ stream, now: () => time });
  bar.onTestBegin?.({ samples: 200 });
  time = 2000;
  bar.onTestBatchEnd?.(0, { loss: 0.5, accuracy: 0.75, samples: 200 });
  bar.onTestEnd?.({ loss: 0.5, accuracy: 0.75 });
  assert.equal(
    stream.text,
    'Evaluation\n200/200 - 2s - loss: 0.5000 - accuracy: 0.7500 - 100 img/s\n',
  );
});

test('evaluations of different sizes are each counted against their own', () => {
  const stream = new FakeStream(true, 120);
  const clock = { time: 0 };
  const bar = progressBar({ stream, now: () => clock.time });
  for (const samples of [200, 100]) {
    bar.onTestBegin?.({ samples });
    for (const done of [samples / 2, samples]) {
      clock.time += 1000;
      bar.onTestBatchEnd?.(0, { samples: done });
    }
    bar.onTestEnd?.({ loss: 0.5 });
  }
  const last = stream.drawings.filter((line) => /loss/.test(line));
  assert.match(last[0], /^200\/200 .* 100 img\/s$/);
  assert.match(last[1], /^100\/100 .* 50 img\/s$/);
  assert.ok(stream.drawings.some((line) => /^ 50\/100 .*ETA/.test(line)));
});

test('formatSeconds', () => {
  assert.equal(formatSeconds(8.4), '8s');
  assert.equal(formatSeconds(59.6), '1:00');
  assert.equal(formatSeconds(125), '2:05');
  assert.equal(formatSeconds(3723), '1:02:03');
});
