import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../core/random.js';
import {
  type ConvGeometry,
  chooseConvAlgorithm,
  convWorkspaceSize,
  directFits,
  mirrorConvolution,
} from '../../../plan/conv-workspace.js';
import type { Conv2dAttributes } from '../../../plan/kernels.js';
import { winogradFits } from '../../../plan/winograd.js';
import { GateDraws } from '../../gate-draws.js';
import type { BindContext } from '../binding.js';
import { createWasmGemm } from '../gemm-wasm.js';
import { compileKernels, instantiateKernels } from '../kernel-module.js';
import { bindConv2d, bindConv2dFilterGradient, bindConv2dInputGradient } from './conv2d.js';

const GEMM_SCRATCH = 2 ** 18;
const ARENA = 2 ** 20;
const PARAMETERS = { step: 1, learningRate: 0, seed: 0 };
const ALONE = {
  replica: 0,
  replicas: 1,
  waited: 0,
  barrier() {},
  allReduceSum() {},
  allGather() {},
  reduceScatter() {},
  allGatherShards() {},
  updateShards() {},
};

const PLAIN: ConvGeometry = {
  batch: 3,
  height: 6,
  width: 5,
  channels: 4,
  filters: 6,
  kernelHeight: 1,
  kernelWidth: 1,
  strideHeight: 1,
  strideWidth: 1,
  padTop: 0,
  padLeft: 0,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
  outHeight: 6,
  outWidth: 5,
};

const SAME_3X3 = { ...PLAIN, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1 };

const SAME_4 = { ...SAME_3X3, filters: 8 };

/** Geometry, and images per chunk where the test wants several chunks. */
const CASES: Record<string, ConvGeometry & { imagesPerChunk?: number }> = {
  '1x1': PLAIN,
  '1x1 of an empty batch': { ...PLAIN, batch: 0 },
  '1x1, stride 2': { ...PLAIN, strideHeight: 2, strideWidth: 2, outHeight: 3, outWidth: 3 },
  '3x3 same': SAME_3X3,
  '3x3 same with more filters than input pixels': { ...SAME_3X3, batch: 1, filters: 40 },
  '3x3 same with odd channels': { ...SAME_3X3, channels: 5 },
  'full padding, dilation 2 down': {
    ...SAME_3X3,
    dilationHeight: 2,
    padTop: 5,
    padLeft: 3,
    outHeight: 12,
    outWidth: 9,
  },
  '3x3 same, many filters': { ...SAME_3X3, channels: 3, filters: 21, width: 11, outWidth: 11 },
  '3x3 same, 2x2 map': { ...SAME_4, height: 2, width: 2, outHeight: 2, outWidth: 2, channels: 20 },
  '3x3 same, 2x3 map': { ...SAME_4, height: 2, width: 3, outHeight: 2, outWidth: 3, filters: 36 },
  '3x3 same, 4x6 map': { ...SAME_4, height: 4, width: 6, outHeight: 4, outWidth: 6 },
  '3x3 same, 7x8 map': { ...SAME_4, height: 7, width: 8, outHeight: 7, outWidth: 8 },
  '3x3 same, a row': { ...SAME_4, height: 1, width: 9, outHeight: 1, outWidth: 9 },
  '3x3 same, 4x5 map in chunks': {
    ...SAME_4,
    height: 4,
    outHeight: 4,
    batch: 5,
    imagesPerChunk: 2,
  },
  '3x3 same of no image': { ...SAME_4, batch: 0 },
  '3x3 of an empty batch': { ...SAME_3X3, batch: 0 },
  '3x3 same in chunks of 2 images': { ...SAME_3X3, batch: 5, imagesPerChunk: 2 },
  '7x7, stride 2, one channel': {
    ...PLAIN,
    height: 13,
    width: 12,
    channels: 1,
    kernelHeight: 7,
    kernelWidth: 7,
    strideHeight: 2,
    strideWidth: 2,
    padTop: 3,
    padLeft: 3,
    outHeight: 7,
    outWidth: 6,
  },
  '3x3, dilation 2': { ...SAME_3X3, dilationHeight: 2, dilationWidth: 2, padTop: 2, padLeft: 2 },
  'groups of 2 channels, chunks of 2 images': { ...SAME_3X3, groups: 2, imagesPerChunk: 2 },
  '1x1 in groups': { ...PLAIN, groups: 2 },
  'depthwise 3x3': { ...SAME_3X3, groups: 4, filters: 4 },
  'depthwise with multiplier 2': { ...SAME_3X3, groups: 4, filters: 8 },
  'asymmetric padding, kernel wider than the image': {
    ...PLAIN,
    width: 3,
    kernelHeight: 2,
    kernelWidth: 5,
    padTop: 0,
    padLeft: 1,
    strideWidth: 2,
    outHeight: 6,
    outWidth: 2,
  },
};

interface Sizes {
  x: number;
  w: number;
  y: number;
}

function sizesOf(a: ConvGeometry): Sizes {
  return {
    x: a.batch * a.height * a.width * a.channels,
    w: (a.kernelHeight * a.kernelWidth * a.channels * a.filters) / a.groups,
    y: a.batch * a.outHeight * a.outWidth * a.filters,
  };
}

/** Calls `visit` with the places in x, w and y of every product that the convolution sums. */
function forEachProduct(a: ConvGeometry, visit: (x: number, w: number, y: number) => void): void {
  const groupChannels = a.channels / a.groups;
  const groupFilters = a.filters / a.groups;
  for (let pixel = 0; pixel < a.batch * a.outHeight * a.outWidth; pixel++) {
    const image = Math.floor(pixel / (a.outHeight * a.outWidth));
    const oh = Math.floor(pixel / a.outWidth) % a.outHeight;
    const ow = pixel % a.outWidth;
    for (let tap = 0; tap < a.kernelHeight * a.kernelWidth; tap++) {
      const h = oh * a.strideHeight - a.padTop + Math.floor(tap / a.kernelWidth) * a.dilationHeight;
      const w = ow * a.strideWidth - a.padLeft + (tap % a.kernelWidth) * a.dilationWidth;
      if (h < 0 || h >= a.height || w < 0 || w >= a.width) continue;
      for (let f = 0; f < a.filters; f++) {
        const firstChannel = Math.floor(f / groupFilters) * groupChannels;
        for (let c = 0; c < groupChannels; c++) {
          visit(
            ((image * a.height + h) * a.width + w) * a.channels + firstChannel + c,
            (tap * groupChannels + c) * a.filters + f,
            pixel * a.filters + f,
          );
        }
      }
    }
  }
}

/** A replica's memory with the given arrays as buffers 0, 1, …, each with a margin behind it. */
async function setUp(sizes: readonly number[]) {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
  const kernels = instantiateKernels(compileKernels(), memory);
  const random = new Random(11);
  let top = ARENA;
  const addresses: number[] = [];
  const arrays = sizes.map((size) => {
    addresses.push(top);
    const array = new Float32Array(memory.buffer, top, size);
    for (let i = 0; i < size; i++) array[i] = random.normal();
    top += 64 * Math.ceil((4 * size) / 64) + 64;
    return array;
  });
  const context: BindContext = {
    kernels,
    memory,
    address: (buffer) => addresses[buffer],
    gemm: createWasmGemm(kernels, GEMM_SCRATCH),
    collective: ALONE,
    parameters: PARAMETERS,
    draws: new GateDraws(PARAMETERS),
  };
  return { arrays, context };
}

/** A sum of products in double precision, and the sum of what they amount to without their signs. */
class Sums {
  readonly values: Float64Array;
  readonly amounts: Float64Array;

  constructor(size: number) {
    this.values = new Float64Array(size);
    this.amounts = new Float64Array(size);
  }

  add(place: number, product: number): void {
    this.values[place] += product;
    this.amounts[place] += Math.abs(product);
  }
}

/**
 * Ways that add and subtract products which cancel have the error of what cancels: it is measured by the
 * amount of all products. Otherwise an error is measured by the result.
 */
function assertClose(actual: Float32Array, expected: Sums, cancels: boolean, what: string): void {
  assert.equal(actual.length, expected.values.length);
  for (let i = 0; i < actual.length; i++) {
    const value = expected.values[i];
    const most = cancels ? 2e-6 * expected.amounts[i] : 1e-5 * (1 + Math.abs(value));
    const error = Math.abs(actual[i] - value);
    assert.ok(error <= most, `${what}[${i}] is ${actual[i]}, expected ${value} ± ${most}`);
  }
}

/** Each geometry by every algorithm that can compute it, and by the one that is chosen. */
const CALLS = Object.entries(CASES).flatMap(([name, geometry]): [string, Conv2dAttributes][] => {
  const chosen = { ...chooseConvAlgorithm(geometry), ...geometry };
  const { strideHeight, strideWidth, groups, imagesPerChunk = 1 } = geometry;
  const calls: [string, Conv2dAttributes][] = [
    [name, chosen],
    [`${name}, by patches`, { ...geometry, algorithm: 'im2col', imagesPerChunk }],
  ];
  if (directFits(geometry)) {
    calls.push([`${name}, direct`, { ...geometry, algorithm: 'direct', imagesPerChunk }]);
  }
  if (strideHeight === 1 && strideWidth === 1 && groups === 1) {
    calls.push([`${name}, tap by tap`, { ...geometry, algorithm: 'taps', imagesPerChunk: 0 }]);
  }
  if (winogradFits(geometry)) {
    calls.push([`${name}, winograd`, { ...geometry, algorithm: 'winograd', imagesPerChunk }]);
  }
  return calls;
});

for (const [name, attributes] of CALLS) {
  const geometry = attributes;
  const sizes = sizesOf(geometry);
  const common = { attributes, workspace: 3, source: 'test', phase: 'forward' as const };
  const workspaceSize = Math.max(
    convWorkspaceSize(attributes, 'forward'),
    convWorkspaceSize(attributes, 'inputGradient'),
    convWorkspaceSize(attributes, 'filterGradient'),
  );
  const allSizes = [sizes.x, sizes.w, sizes.y, workspaceSize, sizes.x];

  test(`conv2d and its gradients: ${name}`, async () => {
    const { arrays, context } = await setUp(allSizes);
    const [x, w, y] = arrays;
    const cancels = attributes.algorithm === 'winograd';
    const expectedY = new Sums(sizes.y);
    forEachProduct(geometry, (i, j, k) => expectedY.add(k, x[i] * w[j]));
    const forward = {
      ...common,
      kernel: 'conv2d' as const,
      reads: { x: 0, w: 1 },
      writes: { y: 2 },
    };
    await bindConv2d(forward, context)();
    assertClose(y, expectedY, cancels, 'y');

    const dy = y;
    const expectedW = new Sums(sizes.w);
    const expectedX = new Sums(sizes.x);
    forEachProduct(geometry, (i, j, k) => {
      expectedW.add(j, x[i] * dy[k]);
      expectedX.add(i, dy[k] * w[j]);
    });
    const inputGradient = {
      ...common,
      kernel: 'conv2dInputGradient' as const,
      reads: { dy: 2, w: 1 },
      writes: { dx: 4 },
    };
    const dx = arrays[4];
    await bindConv2dInputGradient(inputGradient, context)();
    assertClose(dx, expectedX, cancels, 'dx');

    const withX = expectedX;
    for (let i = 0; i < sizes.x; i++) withX.add(i, x[i]);
    const added = { ...inputGradient, reads: { dy: 2, w: 1, accumulator: 0 } };
    await bindConv2dInputGradient(added, context)();
    assertClose(dx, withX, cancels, 'dx + accumulator');

    dx.set(x);
    const inPlace = { ...inputGradient, reads: { dy: 2, w: 1, accumulator: 4 } };
    await bindConv2dInputGradient(inPlace, context)();
    assertClose(dx, withX, cancels, 'dx in place');

    const filterGradient = {
      ...common,
      kernel: 'conv2dFilterGradient' as const,
      reads: { x: 0, dy: 2 },
      writes: { dw: 1 },
    };
    await bindConv2dFilterGradient(filterGradient, context)();
    assertClose(w, expectedW, cancels, 'dw');
  });
}

test('the convolution behind an input gradient gathers, however much of it is padding', () => {
  const geometry: ConvGeometry = {
    ...SAME_3X3,
    batch: 8,
    height: 4,
    width: 4,
    channels: 64,
    filters: 64,
    padTop: 0,
    padLeft: 0,
    outHeight: 2,
    outWidth: 2,
  };
  const attributes = { ...geometry, ...chooseConvAlgorithm({ ...geometry, filters: 32 }) };
  const mirror = mirrorConvolution(attributes);
  assert.equal(mirror?.algorithm, 'im2col');
  assert.ok(mirror.imagesPerChunk >= 1);
});
