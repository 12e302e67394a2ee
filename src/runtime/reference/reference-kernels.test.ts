import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conv2dAttributes, Pool2dAttributes } from '../../plan/kernels.js';
import { referenceKernels as kernels } from './reference-kernels.js';

const parameters = { step: 1, learningRate: 0.1, seed: 5 };

function assertNear(actual: Float64Array, expected: readonly number[], tolerance = 1e-12): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i] - value) <= tolerance,
      `element ${i}: ${actual[i]} instead of ${value}`,
    );
  });
}

const oneByOne: Conv2dAttributes = {
  batch: 1,
  height: 3,
  width: 3,
  channels: 1,
  filters: 1,
  kernelHeight: 2,
  kernelWidth: 2,
  strideHeight: 1,
  strideWidth: 1,
  padTop: 0,
  padLeft: 0,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
  outHeight: 2,
  outWidth: 2,
  algorithm: 'im2col',
  imagesPerChunk: 1,
};

function convolve(changes: Partial<Conv2dAttributes>, x: number[], w: number[]): Float64Array {
  const attributes = { ...oneByOne, ...changes };
  const y = new Float64Array(attributes.outHeight * attributes.outWidth * attributes.filters);
  kernels.conv2d({
    reads: { x: Float64Array.from(x), w: Float64Array.from(w) },
    writes: { y },
    attributes,
    parameters,
  });
  return y;
}

const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9];

test('conv2d does not flip the kernel', () => {
  // 1·1 + 2·10 + 4·100 + 5·1000 at the first pixel.
  assertNear(convolve({}, digits, [1, 10, 100, 1000]), [5421, 6532, 8754, 9865]);
});

test('conv2d pads with zeros at the top left and strides', () => {
  const changes = { strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1 };
  assertNear(convolve(changes, digits, [1, 10, 100, 1000]), [1000, 3200, 7040, 9865]);
});

test('conv2d spreads a dilated kernel', () => {
  const changes = { dilationHeight: 2, dilationWidth: 2, outHeight: 1, outWidth: 1 };
  assertNear(convolve(changes, digits, [1, 10, 100, 1000]), [1 + 30 + 700 + 9000]);
});

test('conv2d sums over channels, kernel in the order height, width, in, out', () => {
  const changes = { height: 1, width: 1, kernelHeight: 1, kernelWidth: 1, channels: 2, filters: 3 };
  const y = convolve({ ...changes, outHeight: 1, outWidth: 1 }, [2, 3], [1, 2, 3, 10, 20, 30]);
  assertNear(y, [32, 64, 96]);
});

test('conv2d keeps groups apart', () => {
  const changes = { height: 1, width: 1, kernelHeight: 1, kernelWidth: 1, channels: 4, filters: 4 };
  // w [1, 1, 2, 4]: filters 0 and 1 see channels 0 and 1, filters 2 and 3 see channels 2 and 3.
  const w = [1, 2, 3, 4, 10, 20, 30, 40];
  const y = convolve({ ...changes, groups: 2, outHeight: 1, outWidth: 1 }, [1, 2, 3, 4], w);
  assertNear(y, [1 + 20, 2 + 40, 9 + 120, 12 + 160]);
});

test('batch statistics of two replicas are those of all rows', () => {
  // Rows 1, 2, 3 and 6 of one channel: mean 3, biased variance 3.5.
  const first = new Float64Array(2);
  const second = new Float64Array(2);
  const row = (x: number[], moments: Float64Array) =>
    kernels.batchNormMoments({
      reads: { x: Float64Array.from(x) },
      writes: { moments },
      attributes: { rows: x.length, channels: 1 },
      parameters,
    });
  row([1, 2, 3], first);
  row([6], second);
  assertNear(first, [2, 2]);
  assertNear(second, [6, 0]);
  const mean = new Float64Array(1);
  const rstd = new Float64Array(1);
  const newMovingMean = new Float64Array(1);
  const newMovingVariance = new Float64Array(1);
  kernels.batchNormStatistics({
    reads: {
      moments: Float64Array.of(...first, ...second),
      movingMean: Float64Array.of(10),
      movingVariance: Float64Array.of(1),
      bias: Float64Array.of(0.5),
    },
    writes: { mean, rstd, newMovingMean, newMovingVariance },
    attributes: { channels: 1, counts: [3, 1], epsilon: 0.5, momentum: 0.9 },
    parameters,
  });
  assertNear(mean, [3]);
  assertNear(rstd, [0.5]);
  assertNear(newMovingMean, [9 + 0.35]);
  assertNear(newMovingVariance, [0.9 + 0.35]);
});

test('frozen statistics take the bias off the moving mean', () => {
  const mean = new Float64Array(1);
  const rstd = new Float64Array(1);
  kernels.batchNormFrozenStatistics({
    reads: {
      movingMean: Float64Array.of(2),
      movingVariance: Float64Array.of(0.2),
      bias: Float64Array.of(0.5),
    },
    writes: { mean, rstd },
    attributes: { channels: 1, epsilon: 0.05 },
    parameters,
  });
  assertNear(mean, [1.5]);
  assertNear(rstd, [2]);
});

test('batchNormApply scales, shifts, adds and rectifies in that order', () => {
  const y = new Float64Array(2);
  kernels.batchNormApply({
    reads: {
      x: Float64Array.of(3, 5),
      mean: Float64Array.of(1, 1),
      rstd: Float64Array.of(0.5, 0.5),
      gamma: Float64Array.of(2, -2),
      beta: Float64Array.of(1, 1),
      residual: Float64Array.of(10, 1),
    },
    writes: { y },
    attributes: { rows: 1, channels: 2, relu: true },
    parameters,
  });
  assertNear(y, [13, 0]);
});

test('crossentropy divides probabilities by their sum, clips, and does neither sum for indices', () => {
  const loss = new Float64Array(2);
  const probabilities = Float64Array.of(1, 3, 0, 0, 2, 0);
  kernels.crossentropy({
    reads: { probabilities, labels: Float64Array.of(0.5, 0.5, 0, 1, 0, 0) },
    writes: { loss },
    attributes: { rows: 2, classes: 3, sparse: false },
    parameters,
  });
  assertNear(loss, [-0.5 * Math.log(0.25) - 0.5 * Math.log(0.75), -Math.log(1e-7)]);
  kernels.crossentropy({
    reads: { probabilities: Float64Array.of(0.25, 3, 0, 0, 2, 0), labels: Float64Array.of(0, 1) },
    writes: { loss },
    attributes: { rows: 2, classes: 3, sparse: true },
    parameters,
  });
  assertNear(loss, [-Math.log(0.25), -Math.log(1 - 1e-7)]);
});

test('softmaxCrossentropy survives large logits', () => {
  const loss = new Float64Array(1);
  kernels.softmaxCrossentropy({
    reads: { logits: Float64Array.of(1000, 1000 - Math.log(3)), labels: Float64Array.of(1) },
    writes: { loss },
    attributes: { rows: 1, classes: 2, sparse: true },
    parameters,
  });
  assertNear(loss, [Math.log(4)], 1e-9);
});

test('topKHits breaks ties by order for one guess, and in favour of the label for several', () => {
  const hits = new Float64Array(3);
  const reads = {
    predictions: Float64Array.of(5, 5, 1, 5, 5, 1, 3, 2, 2),
    labels: Float64Array.of(0, 1, 2),
  };
  const attributes = { rows: 3, classes: 3, sparse: true };
  kernels.topKHits({ reads, writes: { hits }, attributes: { ...attributes, k: 1 }, parameters });
  assertNear(hits, [1, 0, 0]);
  kernels.topKHits({ reads, writes: { hits }, attributes: { ...attributes, k: 2 }, parameters });
  assertNear(hits, [1, 1, 1]);
});

test('adam takes two steps as in the paper', () => {
  const w = Float64Array.of(9, 1);
  const m = new Float64Array(1);
  const v = new Float64Array(1);
  const step = (number: number, gradient: number) =>
    kernels.adam({
      reads: { w, g: Float64Array.of(99, gradient), m, v },
      writes: { newW: w, newM: m, newV: v },
      attributes: { start: 1, count: 1, beta1: 0.5, beta2: 0.75, epsilon: 0 },
      parameters: { ...parameters, step: number },
    });
  step(1, 2);
  // m̂ = 2 and v̂ = 4, so the step is the learning rate.
  assertNear(m, [1]);
  assertNear(v, [1]);
  assertNear(w, [9, 0.9]);
  step(2, -1);
  // m = 0, v = 1.
  assertNear(m, [0]);
  assertNear(v, [1]);
  assertNear(w, [9, 0.9]);
  step(3, 3);
  // m = 1.5, v = 3; √(1 − 0.75³)/(1 − 0.5³) = √0.578125/0.875.
  assertNear(w, [9, 0.9 - (0.1 * (Math.sqrt(0.578125) / 0.875) * 1.5) / Math.sqrt(3)]);
});

test('sgd is plain, heavy or Nesterov', () => {
  const descend = (momentum: number, nesterov: boolean) => {
    const w = Float64Array.of(1);
    const m = Float64Array.of(0.5);
    const g = Float64Array.of(2);
    const moving = momentum > 0;
    kernels.sgd({
      reads: moving ? { w, g, m } : { w, g },
      writes: moving ? { newW: w, newM: m } : { newW: w },
      attributes: { start: 0, count: 1, momentum, nesterov },
      parameters,
    });
    return [w[0], m[0]];
  };
  assert.deepEqual(descend(0, false), [0.8, 0.5]);
  // m = 0.9 · 0.5 − 0.2 = 0.25.
  assertNear(Float64Array.from(descend(0.9, false)), [1.25, 0.25]);
  assertNear(Float64Array.from(descend(0.9, true)), [1 + 0.9 * 0.25 - 0.2, 0.25]);
});

const pool: Pool2dAttributes = {
  batch: 1,
  height: 2,
  width: 2,
  channels: 1,
  poolHeight: 2,
  poolWidth: 2,
  strideHeight: 1,
  strideWidth: 1,
  padTop: 0,
  padLeft: 0,
  outHeight: 2,
  outWidth: 2,
};

test('pooling does not count padding', () => {
  const x = Float64Array.of(-1, -2, -3, -4);
  const y = new Float64Array(4);
  kernels.maxPool({ reads: { x }, writes: { y }, attributes: pool, parameters });
  assertNear(y, [-1, -2, -3, -4]);
  kernels.averagePool({ reads: { x }, writes: { y }, attributes: pool, parameters });
  assertNear(y, [-2.5, -3, -3.5, -4]);
});

test('the first of equal maxima gets the gradient', () => {
  const dx = new Float64Array(4);
  kernels.maxPoolGradient({
    reads: {
      x: Float64Array.of(1, 7, 7, 7),
      y: Float64Array.of(7),
      dy: Float64Array.of(5),
    },
    writes: { dx },
    attributes: { ...pool, outHeight: 1, outWidth: 1 },
    parameters,
  });
  assertNear(dx, [0, 5, 0, 0]);
});

test('dropout keeps its rate, its mean, and its choice however the batch is cut', () => {
  const size = 20000;
  const drop = (start: number, count: number, step: number) => {
    const y = new Float64Array(count);
    kernels.dropout({
      reads: { x: new Float64Array(count).fill(3) },
      writes: { y },
      attributes: { size: count, rate: 0.3, stream: 1, offset: start },
      parameters: { ...parameters, step },
    });
    return y;
  };
  const whole = drop(0, size, 1);
  const kept = whole.filter((value) => value !== 0);
  assert.ok(Math.abs(kept.length / size - 0.7) < 0.01);
  assert.ok(kept.every((value) => value === 3 / 0.7));
  assert.deepEqual(drop(1001, 77, 1), whole.slice(1001, 1078));
  assert.notDeepEqual(drop(0, size, 2), whole);
});
