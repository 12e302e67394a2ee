import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataError, ShapeError, ValueError } from '../core/errors.js';
import { ArrayDataset } from './array-dataset.js';
import { type Dataset, splitDataset, subset, take } from './dataset.js';

function numbered(size: number): ArrayDataset {
  return new ArrayDataset({
    inputs: {
      data: Float32Array.from({ length: size * 2 }, (_, i) => i),
      shape: [size, 2],
    },
    targets: { data: Uint8Array.from({ length: size }, (_, i) => i % 3), shape: [size], oneHot: 3 },
  });
}

function firstInputs(dataset: Dataset, ...indices: number[]): number[] {
  const inputs = new Float32Array(indices.length * 2);
  const targets = new Float32Array(indices.length * 3);
  dataset.gather(Uint32Array.from(indices), [inputs], [targets]);
  return Array.from({ length: indices.length }, (_, i) => inputs[2 * i] / 2);
}

test('gather writes the asked samples and nothing beyond them', () => {
  const dataset = numbered(10);
  assert.deepEqual(dataset.inputShapes, [[2]]);
  assert.deepEqual(dataset.targetShapes, [[3]]);
  const inputs = new Float32Array(6).fill(-1);
  const targets = new Float32Array(9).fill(-1);
  dataset.gather(Uint32Array.of(7, 2), [inputs], [targets]);
  assert.deepEqual([...inputs], [14, 15, 4, 5, -1, -1]);
  assert.deepEqual([...targets], [0, 1, 0, 0, 0, 1, -1, -1, -1]);
});

test('bytes are scaled in float32', () => {
  const dataset = new ArrayDataset({
    inputs: { data: Uint8Array.of(0, 51, 255), shape: [3, 1], scale: 1 / 255 },
    targets: { data: Float32Array.of(1, 2, 3), shape: [3], scale: 2 },
  });
  const inputs = new Float32Array(3);
  const targets = new Float32Array(3);
  dataset.gather(Uint32Array.of(0, 1, 2), [inputs], [targets]);
  assert.deepEqual([...inputs], [0, Math.fround(51 * Math.fround(1 / 255)), 1]);
  assert.deepEqual([...targets], [2, 4, 6]);
});

test('arrays that do not fit are refused', () => {
  const targets = { data: Uint8Array.of(0, 1), shape: [2], oneHot: 2 };
  const make = (data: Float32Array, shape: number[]) => () =>
    new ArrayDataset({ inputs: { data, shape }, targets });
  assert.throws(make(new Float32Array(5), [2, 2]), ShapeError);
  assert.throws(make(new Float32Array(6), [3, 2]), {
    name: 'DataError',
    message: /target holds 2 samples, but input holds 3/,
  });
  assert.throws(make(Float32Array.of(0, 1, Number.NaN, 3), [2, 2]), {
    name: 'DataError',
    message: /input holds NaN at index 2 \(sample 1\)/,
  });
  assert.throws(make(Float32Array.of(0, Number.POSITIVE_INFINITY), [2, 1]), DataError);
  assert.throws(make(new Float32Array(0), [0, 1]), ShapeError);
  assert.throws(
    () =>
      new ArrayDataset({
        inputs: { data: new Float32Array(2), shape: [2] },
        targets: { data: Uint8Array.of(0, 5), shape: [2], oneHot: 5 },
      }),
    { name: 'DataError', message: /target holds label 5 at index 1, but labels go from 0 to 4/ },
  );
});

test('gather refuses wrong indices and arrays that are too short', () => {
  const dataset = numbered(4);
  assert.throws(() => firstInputs(dataset, 4), ValueError);
  assert.throws(
    () => dataset.gather(Uint32Array.of(0, 1), [new Float32Array(3)], [new Float32Array(6)]),
    { name: 'ShapeError', message: /input array 0 holds 3 numbers, but 2 samples .* need 4/ },
  );
  assert.throws(() => dataset.gather(Uint32Array.of(0), [], [new Float32Array(3)]), ShapeError);
});

test('subset, take and splitDataset choose the samples that they say', () => {
  const dataset = numbered(10);
  assert.deepEqual(firstInputs(subset(subset(dataset, 2, 9), 3, 6), 0, 2), [5, 7]);
  assert.throws(() => firstInputs(subset(dataset, 2, 5), 3), ValueError);
  assert.equal(take(dataset, 3).size, 3);
  assert.equal(take(dataset, 99).size, 10);
  const { train, validation } = splitDataset(dataset, 0.2);
  assert.deepEqual([train.size, validation.size], [8, 2]);
  assert.deepEqual(firstInputs(validation, 0, 1), [8, 9]);
  for (const wrong of [0, 1, -0.1, Number.NaN, 0.999]) {
    assert.throws(() => splitDataset(dataset, wrong), ValueError);
  }
  assert.throws(() => subset(dataset, 5, 5), ValueError);
  assert.throws(() => subset(dataset, 5, 11), ValueError);
  assert.throws(() => take(dataset, 0), ValueError);
});

test('overlapping asynchronous calls to a subset do not disturb each other', async () => {
  const base = numbered(6);
  const slow: Dataset = {
    size: base.size,
    inputShapes: base.inputShapes,
    targetShapes: base.targetShapes,
    async gather(indices, inputs, targets) {
      await Promise.resolve();
      base.gather(indices, inputs, targets);
    },
  };
  const part = subset(slow, 1, 6);
  const outs = [new Float32Array(2), new Float32Array(2)];
  await Promise.all(
    outs.map((out, i) => part.gather(Uint32Array.of(i), [out], [new Float32Array(3)])),
  );
  assert.deepEqual([outs[0][0], outs[1][0]], [2, 4]);
});
