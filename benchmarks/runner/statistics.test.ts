import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Contender, Figures, Measurement } from './question.js';
import { compareWithBest, median } from './statistics.js';
import { verdictOf } from './verdict.js';

function measurement(id: string, values: readonly number[]): Measurement {
  const contender: Contender = {
    ...{ id, label: id, side: 'peer', group: 'g', cores: 1, variants: [] },
    ...{ mode: 'steps', work: 1, unit: 'images/s' },
  };
  return { contender, variant: { name: '', command: [] }, values, disturbance: 0, versions: {} };
}

const figuresOf = (...measurements: Measurement[]): Figures => ({
  measured: new Map(measurements.map((one) => [one.contender.id, one])),
  absent: [],
});

const target = { floor: 1.1, goal: 1.5, better: 'higher', unit: '×' } as const;

test('the median of an even number of values is the mean of the two in the middle', () => {
  assert.equal(median([4, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('ratios are taken round by round against the peer that is best by its median', () => {
  const figures = figuresOf(
    measurement('ours', [30, 10, 20]),
    measurement('slow', [1, 1, 100]),
    measurement('fast', [20, 5, 20]),
  );
  const [ratio] = compareWithBest(figures, 'ours', ['slow', 'fast', 'missing'], target);
  assert.equal(ratio.label, 'over fast');
  assert.deepEqual([ratio.low, ratio.value, ratio.high], [1, 1.5, 2]);
  assert.equal(verdictOf(ratio), 'goal');
});

test('without a peer there is no ratio', () => {
  assert.deepEqual(compareWithBest(figuresOf(measurement('ours', [1])), 'ours', ['x'], target), []);
});

test('a verdict knows when less is better', () => {
  const ratio = {
    label: '',
    value: 0.6,
    low: 0.6,
    high: 0.6,
    floor: 1,
    goal: 0.5,
    unit: '×',
  } as const;
  assert.equal(verdictOf({ ...ratio, better: 'lower' }), 'floor');
  assert.equal(verdictOf({ ...ratio, better: 'higher' }), 'goal');
});
