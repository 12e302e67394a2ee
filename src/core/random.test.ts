import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.js';

test('a sequence that is begun anew is that of a new object', () => {
  const used = new Random(1, [2, 3]);
  used.normal();
  used.restart(2 ** 40 + 7, 8, 9, 0);
  const fresh = new Random(2 ** 40 + 7, [8, 9]);
  const draw = (random: Random) => Array.from({ length: 9 }, () => random.nextUint32());
  assert.deepEqual(draw(used), draw(fresh));
  used.restart(2 ** 40 + 7, 8, 9, 1);
  fresh.restart(2 ** 40 + 7, 8, 9, 2);
  assert.notDeepEqual(draw(used), draw(fresh));
});

/** Mean and variance of so many draws that their errors are below a hundredth. */
function moments(draw: (random: Random) => number): [mean: number, variance: number] {
  const random = new Random(3);
  const values = Array.from({ length: 40_000 }, () => draw(random));
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
}

test('gamma and beta draws have the moments of their distributions', () => {
  for (const shape of [0.3, 1, 4]) {
    const [mean, variance] = moments((random) => random.gamma(shape));
    assert.ok(Math.abs(mean / shape - 1) < 0.05, `gamma(${shape}): mean ${mean}`);
    assert.ok(Math.abs(variance / shape - 1) < 0.1, `gamma(${shape}): variance ${variance}`);
  }
  for (const [a, b] of [
    [0.001, 0.001],
    [0.2, 0.2],
    [1, 1],
    [2, 5],
  ]) {
    const [mean, variance] = moments((random) => random.beta(a, b));
    const expected = (a * b) / ((a + b) ** 2 * (a + b + 1));
    assert.ok(Math.abs(mean - a / (a + b)) < 0.01, `beta(${a}, ${b}): mean ${mean}`);
    assert.ok(Math.abs(variance / expected - 1) < 0.05, `beta(${a}, ${b}): variance ${variance}`);
  }
});
