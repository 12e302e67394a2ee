import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  Conv2dAttributes,
  KernelTable,
  Pool2dAttributes,
  UnaryFunction,
} from '../../src/plan/kernels.js';
import { referenceKernels as kernels } from '../../src/runtime/reference/reference-kernels.js';
import { relativeDistance } from './compare-results.js';
import { distributions, normals, positives } from './test-data.js';

const parameters = { step: 1, learningRate: 0, seed: 0 };
const STEP = 1e-5;
const TOLERANCE = 1e-7;

function wide(values: Float32Array): Float64Array {
  return Float64Array.from(values);
}

/** Central differences of the scalar function f in every element of x. */
function differences(x: Float64Array, f: () => number): Float64Array {
  return x.map((value, i) => {
    x[i] = value + STEP;
    const above = f();
    x[i] = value - STEP;
    const below = f();
    x[i] = value;
    return (above - below) / (2 * STEP);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** Checks a gradient of Σ dy · forward(), of which x is an argument. */
function checkGradient(
  label: string,
  {
    x,
    dy,
    forward,
    gradient,
  }: {
    x: Float64Array;
    dy: Float64Array;
    forward: () => Float64Array;
    gradient: Float64Array;
  },
): void {
  const expected = differences(x, () => dot(dy, forward()));
  const distance = relativeDistance(gradient, expected);
  assert.ok(distance < TOLERANCE, `${label}: relative distance ${distance}`);
}

const plainConv: Conv2dAttributes = {
  batch: 2,
  height: 5,
  width: 6,
  channels: 4,
  filters: 6,
  kernelHeight: 3,
  kernelWidth: 2,
  strideHeight: 1,
  strideWidth: 1,
  padTop: 0,
  padLeft: 0,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
  outHeight: 3,
  outWidth: 5,
  algorithm: 'im2col',
  imagesPerChunk: 1,
};

const convolutions: [string, Partial<Conv2dAttributes>][] = [
  ['valid', {}],
  ['padded', { padTop: 1, padLeft: 1, outHeight: 5, outWidth: 6 }],
  ['strided', { strideHeight: 2, strideWidth: 3, padTop: 1, outHeight: 3, outWidth: 2 }],
  ['dilated', { dilationHeight: 2, dilationWidth: 3, outHeight: 1, outWidth: 3 }],
  ['grouped', { groups: 2 }],
];

for (const [label, changes] of convolutions) {
  test(`gradients of conv2d, ${label}`, () => {
    const attributes = { ...plainConv, ...changes };
    const { batch, groups } = attributes;
    const x = wide(normals('x', batch * 5 * 6 * 4));
    const w = wide(normals('w', (3 * 2 * 4 * 6) / groups));
    const y = new Float64Array(batch * attributes.outHeight * attributes.outWidth * 6);
    const dy = wide(normals('dy', y.length));
    const forward = () => {
      kernels.conv2d({ reads: { x, w }, writes: { y }, attributes, parameters });
      return y;
    };
    const dx = new Float64Array(x.length);
    kernels.conv2dInputGradient({ reads: { dy, w }, writes: { dx }, attributes, parameters });
    checkGradient('dx', { x, dy, forward, gradient: dx });
    const dw = new Float64Array(w.length);
    kernels.conv2dFilterGradient({ reads: { x, dy }, writes: { dw }, attributes, parameters });
    checkGradient('dw', { x: w, dy, forward, gradient: dw });

    const accumulator = wide(normals('accumulator', x.length));
    const sum = accumulator.map((value, i) => value + dx[i]);
    kernels.conv2dInputGradient({
      reads: { dy, w, accumulator },
      writes: { dx: accumulator },
      attributes,
      parameters,
    });
    assert.ok(relativeDistance(accumulator, sum) < 1e-14, 'accumulated in place');
  });
}

const plainPool: Pool2dAttributes = {
  batch: 2,
  height: 5,
  width: 6,
  channels: 3,
  poolHeight: 3,
  poolWidth: 2,
  strideHeight: 2,
  strideWidth: 1,
  padTop: 0,
  padLeft: 0,
  outHeight: 2,
  outWidth: 5,
};

const pools: [string, Partial<Pool2dAttributes>][] = [
  ['valid', {}],
  ['padded', { padTop: 1, padLeft: 1, outHeight: 3, outWidth: 7 }],
];

for (const [label, changes] of pools) {
  test(`gradients of pooling, ${label}`, () => {
    const attributes = { ...plainPool, ...changes };
    const x = wide(normals('x', 2 * 5 * 6 * 3));
    const y = new Float64Array(2 * attributes.outHeight * attributes.outWidth * 3);
    const dy = wide(normals('dy', y.length));
    const dx = new Float64Array(x.length);
    const maximum = () => {
      kernels.maxPool({ reads: { x }, writes: { y }, attributes, parameters });
      return y;
    };
    maximum();
    kernels.maxPoolGradient({ reads: { x, y, dy }, writes: { dx }, attributes, parameters });
    checkGradient('maximum', { x, dy, forward: maximum, gradient: dx });
    const average = () => {
      kernels.averagePool({ reads: { x }, writes: { y }, attributes, parameters });
      return y;
    };
    kernels.averagePoolGradient({ reads: { dy }, writes: { dx }, attributes, parameters });
    checkGradient('average', { x, dy, forward: average, gradient: dx });
  });
}

const unaryFunctions: UnaryFunction[] = [
  'relu',
  'sigmoid',
  'tanh',
  'exp',
  'log',
  'sqrt',
  'square',
  'abs',
  'negate',
];

for (const fn of unaryFunctions) {
  test(`gradient of ${fn}`, () => {
    const positive = fn === 'log' || fn === 'sqrt';
    const x = wide((positive ? positives : normals)('x', 40));
    const y = new Float64Array(x.length);
    const dy = wide(normals('dy', x.length));
    const dx = new Float64Array(x.length);
    const attributes = { fn, size: x.length };
    const forward = () => {
      kernels.unary({ reads: { x }, writes: { y }, attributes, parameters });
      return y;
    };
    forward();
    kernels.unaryGradient({ reads: { x, y, dy }, writes: { dx }, attributes, parameters });
    checkGradient(fn, { x, dy, forward, gradient: dx });
  });
}

test('gradient of softmax', () => {
  const attributes = { rows: 4, channels: 5 };
  const x = wide(normals('x', 20));
  const y = new Float64Array(20);
  const dy = wide(normals('dy', 20));
  const dx = new Float64Array(20);
  const forward = () => {
    kernels.softmax({ reads: { x }, writes: { y }, attributes, parameters });
    return y;
  };
  forward();
  kernels.softmaxGradient({ reads: { y, dy }, writes: { dx }, attributes, parameters });
  checkGradient('softmax', { x, dy, forward, gradient: dx });
});

for (const sparse of [false, true]) {
  test(`gradients of both crossentropies, ${sparse ? 'class indices' : 'probabilities'}`, () => {
    const attributes = { rows: 3, classes: 4, sparse };
    // Label rows that do not add up to 1 show the factor Σ labels.
    const labels = sparse ? Float64Array.of(2, 0, 3) : wide(positives('labels', 12));
    const dloss = wide(normals('dloss', 3));
    const loss = new Float64Array(3);

    const logits = wide(normals('logits', 12));
    const dlogits = new Float64Array(12);
    kernels.softmaxCrossentropyGradient({
      reads: { logits, labels, dloss },
      writes: { dlogits },
      attributes,
      parameters,
    });
    const ofLogits = () => {
      kernels.softmaxCrossentropy({
        reads: { logits, labels },
        writes: { loss },
        attributes,
        parameters,
      });
      return loss;
    };
    checkGradient('logits', { x: logits, dy: dloss, forward: ofLogits, gradient: dlogits });

    const probabilities = wide(distributions('probabilities', 3, 4)).map(
      (p, i) => p * (1 + (i % 3)),
    );
    const dprobabilities = new Float64Array(12);
    kernels.crossentropyGradient({
      reads: { probabilities, labels, dloss },
      writes: { dprobabilities },
      attributes,
      parameters,
    });
    const ofProbabilities = () => {
      kernels.crossentropy({
        reads: { probabilities, labels },
        writes: { loss },
        attributes,
        parameters,
      });
      return loss;
    };
    checkGradient('probabilities', {
      x: probabilities,
      dy: dloss,
      forward: ofProbabilities,
      gradient: dprobabilities,
    });
  });
}

test('gradient of the regularization', () => {
  const attributes = { size: 10, l1: 0.3, l2: 0.2, scale: 0.5 };
  const w = wide(normals('w', 10));
  const y = new Float64Array(1);
  const dloss = Float64Array.of(1.5);
  const dw = new Float64Array(10);
  kernels.regularizationGradient({ reads: { w, dloss }, writes: { dw }, attributes, parameters });
  const forward = () => {
    kernels.regularization({ reads: { w }, writes: { y }, attributes, parameters });
    return y;
  };
  checkGradient('w', { x: w, dy: dloss, forward, gradient: dw });
});

const ROWS = 6;
const CHANNELS = 3;

for (const relu of [false, true]) {
  test(`gradients of batch normalization with a residual${relu ? ' and relu' : ''}`, () => {
    const size = { rows: ROWS, channels: CHANNELS };
    const x = wide(normals('x', ROWS * CHANNELS));
    const residual = wide(normals('residual', ROWS * CHANNELS));
    const gamma = wide(normals('gamma', CHANNELS));
    const beta = wide(normals('beta', CHANNELS));
    const dy = wide(normals('dy', ROWS * CHANNELS));
    const moments = new Float64Array(2 * CHANNELS);
    const mean = new Float64Array(CHANNELS);
    const rstd = new Float64Array(CHANNELS);
    const y = new Float64Array(ROWS * CHANNELS);
    const movingMean = new Float64Array(CHANNELS);
    const movingVariance = new Float64Array(CHANNELS);
    const statistics: KernelTable['batchNormStatistics']['attributes'] = {
      channels: CHANNELS,
      counts: [ROWS],
      epsilon: 1e-3,
      momentum: 0.9,
    };
    const forward = () => {
      kernels.batchNormMoments({ reads: { x }, writes: { moments }, attributes: size, parameters });
      kernels.batchNormStatistics({
        reads: { moments, movingMean, movingVariance },
        writes: { mean, rstd, newMovingMean: movingMean, newMovingVariance: movingVariance },
        attributes: statistics,
        parameters,
      });
      kernels.batchNormApply({
        reads: { x, mean, rstd, gamma, beta, residual },
        writes: { y },
        attributes: { ...size, relu },
        parameters,
      });
      return y;
    };
    forward();
    const sums = new Float64Array(2 * CHANNELS);
    const saved = { x, dy, mean, rstd, ...(relu && { y }) };
    kernels.batchNormGradientSums({
      reads: saved,
      writes: { sums },
      attributes: { ...size, relu },
      parameters,
    });
    const dx = new Float64Array(x.length);
    const dresidual = new Float64Array(x.length);
    kernels.batchNormGradientApply({
      reads: { ...saved, gamma, sums },
      writes: { dx, dresidual },
      attributes: { ...size, relu, totalRows: ROWS },
      parameters,
    });
    const dgamma = new Float64Array(CHANNELS);
    const dbeta = new Float64Array(CHANNELS);
    kernels.batchNormParameterGradients({
      reads: { sums },
      writes: { dgamma, dbeta },
      attributes: { channels: CHANNELS, scale: 1 },
      parameters,
    });
    checkGradient('x', { x, dy, forward, gradient: dx });
    checkGradient('residual', { x: residual, dy, forward, gradient: dresidual });
    checkGradient('gamma', { x: gamma, dy, forward, gradient: dgamma });
    checkGradient('beta', { x: beta, dy, forward, gradient: dbeta });
  });
}
