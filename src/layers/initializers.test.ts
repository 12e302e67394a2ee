import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  ones,
  resolveInitializer,
  zeros,
} from './initializers.js';
import { setRandomSeed } from './random-seed.js';

const KERNEL = [3, 3, 40, 60];
const FAN_IN = 9 * 40;
const FAN_OUT = 9 * 60;

function variance(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

const spreads = [
  ['glorotUniform', glorotUniform, 2 / (FAN_IN + FAN_OUT), Math.sqrt(6 / (FAN_IN + FAN_OUT))],
  ['heUniform', heUniform, 2 / FAN_IN, Math.sqrt(6 / FAN_IN)],
  ['glorotNormal', glorotNormal, 2 / (FAN_IN + FAN_OUT), Math.sqrt(2 / (FAN_IN + FAN_OUT)) * 2.274],
  ['heNormal', heNormal, 2 / FAN_IN, Math.sqrt(2 / FAN_IN) * 2.274],
] as const;

for (const [name, make, wanted, limit] of spreads) {
  test(`${name} has the variance of its definition`, () => {
    const values = make().initialize(KERNEL, 'layer/kernel');
    const ratio = variance(values) / wanted;
    assert.ok(Math.abs(ratio - 1) < 0.03, `variance is ${ratio} of the wanted one`);
    assert.ok(values.every((value) => Math.abs(value) <= limit));
  });
}

test('without a seed, every weight gets its own numbers, the same each time', () => {
  const values = glorotUniform().initialize(KERNEL, 'a/kernel');
  assert.deepEqual(glorotUniform().initialize(KERNEL, 'a/kernel'), values);
  assert.notDeepEqual(glorotUniform().initialize(KERNEL, 'b/kernel'), values);
});

test('with a seed, weights of one shape get the same numbers', () => {
  const article = glorotUniform({ seed: 0 });
  assert.deepEqual(article.initialize(KERNEL, 'a/kernel'), article.initialize(KERNEL, 'b/kernel'));
  const other = glorotUniform({ seed: 1 }).initialize(KERNEL, 'a/kernel');
  assert.notDeepEqual(other, article.initialize(KERNEL, 'a/kernel'));
});

test('setRandomSeed changes what is made after it', () => {
  const before = glorotUniform();
  setRandomSeed(7);
  const after = glorotUniform();
  setRandomSeed(0);
  const again = glorotUniform().initialize(KERNEL, 'a/kernel');
  assert.deepEqual(before.initialize(KERNEL, 'a/kernel'), again);
  assert.notDeepEqual(after.initialize(KERNEL, 'a/kernel'), again);
});

test('constants, and the way through a file', () => {
  assert.deepEqual([...zeros().initialize([2], '')], [0, 0]);
  assert.deepEqual([...ones().initialize([2], '')], [1, 1]);
  assert.deepEqual([...constant(0.5).initialize([2], '')], [0.5, 0.5]);
  for (const initializer of [
    zeros(),
    ones(),
    constant(2),
    heUniform({ seed: 5 }),
    glorotNormal(),
  ]) {
    const config = initializer.getConfig();
    assert.deepEqual(resolveInitializer(config).getConfig(), config);
  }
});
