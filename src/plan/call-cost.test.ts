import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callCost } from './call-cost.js';
import { chooseConvAlgorithm } from './conv-workspace.js';
import type { KernelCall } from './kernels.js';

const PLACE = { source: 'layer', phase: 'forward' } as const;

test('a convolution counts its taps on the padding too, and says how it is computed', () => {
  const geometry = {
    ...{ batch: 2, height: 3, width: 3, channels: 64, filters: 64 },
    ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1 },
    ...{ padTop: 1, padLeft: 1, dilationHeight: 1, dilationWidth: 1, groups: 1 },
    ...{ outHeight: 3, outWidth: 3 },
  };
  const attributes = { ...geometry, ...chooseConvAlgorithm(geometry) };
  const cost = callCost(
    { kernel: 'conv2d', reads: { x: 0, w: 1 }, writes: { y: 2 }, attributes, ...PLACE },
    1,
  );
  const map = 2 * 3 * 3 * 64;
  assert.equal(cost.flops, 2 * map * 9 * 64);
  assert.equal(cost.bytes, 4 * (2 * map + 9 * 64 * 64));
  assert.equal(cost.algorithm, attributes.algorithm);
});

test('a call that runs in every fourth step costs a quarter a step', () => {
  const sgd = (every: object): KernelCall => ({
    kernel: 'sgd',
    reads: { w: 0, g: 1 },
    writes: { newW: 0 },
    attributes: { start: 0, count: 10, momentum: 0, nesterov: false },
    ...every,
    ...PLACE,
  });
  assert.equal(callCost(sgd({ every: 4 }), 1).bytes, callCost(sgd({}), 1).bytes / 4);
});

test('only operands that a call has, and only what it touches of them, count', () => {
  const sgd = (operands: object): KernelCall => ({
    kernel: 'sgd',
    reads: { w: 0, g: 1, ...operands },
    writes: { newW: 0 },
    attributes: { start: 1000, count: 10, momentum: 0, nesterov: false },
    ...PLACE,
  });
  assert.equal(callCost(sgd({}), 2).bytes, 4 * 3 * 10);
  assert.equal(callCost(sgd({ m: 2 }), 2).bytes, 4 * 4 * 10);
  const repeat: KernelCall = {
    kernel: 'binaryBroadcast',
    reads: { a: 0, b: 1 },
    writes: { y: 2 },
    attributes: {
      fn: 'add',
      shape: [1, 2, 3, 4],
      stridesA: [24, 12, 4, 1],
      stridesB: [0, 0, 0, 1],
    },
    ...PLACE,
  };
  assert.equal(callCost(repeat, 1).bytes, 4 * (24 + 4 + 24));
});
