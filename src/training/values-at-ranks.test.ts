import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { valuesAtRanks } from './values-at-ranks.js';

test('the values at ranks are those that sorting would put there', () => {
  const magnitude = fc.oneof(
    fc.float({ noNaN: true }).map(Math.abs),
    fc.float({ min: 1, max: Math.fround(1.05), noNaN: true }),
    fc.constantFrom(0, 1e-45, Number.POSITIVE_INFINITY, Number.NaN, -Number.NaN),
  );
  const numbers = fc.array(magnitude, { minLength: 1, maxLength: 300 });
  const check = (list: number[], shares: number[]) => {
    const values = Float32Array.from(list);
    const ranks = shares
      .map((share) => Math.floor(share * (list.length - 1)))
      .sort((a, b) => a - b);
    const sorted = values.slice().sort();
    assert.deepEqual(
      valuesAtRanks(values, ranks),
      ranks.map((rank) => sorted[rank]),
    );
    assert.deepEqual(values, Float32Array.from(list));
  };
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
  fc.assert(fc.property(numbers, shares, check));
});
