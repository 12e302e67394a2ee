import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInitialValues } from '../../core/initial-values.js';
import { Random } from '../../core/random.js';
import { compileKernels, instantiateKernels, KERNEL_BYTES } from './kernel-module.js';

const memory = new WebAssembly.Memory({ initial: 128 });
const kernels = instantiateKernels(compileKernels(), memory);

/** Puts arrays side by side in memory; the gap after each catches writes past the end. */
class Arena {
  #end = KERNEL_BYTES;
  readonly #sizes = new Map<number, number>();

  put(values: ArrayLike<number>): number {
    const address = this.#end;
    const array = new Float32Array(memory.buffer, address, values.length + 1);
    array.set(values);
    array[values.length] = 12345;
    this.#sizes.set(address, values.length);
    this.#end = address + 64 * Math.ceil((values.length + 1) / 16);
    return address;
  }

  empty(size: number): number {
    return this.put(new Float32Array(size).fill(-777));
  }

  get(address: number): Float32Array {
    const size = this.#sizes.get(address) ?? 0;
    const array = new Float32Array(memory.buffer, address, size + 1);
    assert.equal(array[size], 12345, 'wrote past the end');
    return array.slice(0, size);
  }
}

function draws(size: number, seed: number, value: (random: Random) => number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => value(random));
}

function normals(size: number, seed: number): Float32Array {
  return draws(size, seed, (random) => random.normal());
}

function assertClose(actual: Float32Array, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    const bound = tolerance * Math.max(1, Math.abs(expected[i]));
    assert.ok(Math.abs(value - expected[i]) <= bound, `element ${i}: ${value} ≠ ${expected[i]}`);
  });
}

const SHAPES = [1, 3, 5, 7, 64].flatMap((channels) =>
  [0, 1, 7, 130].map((rows) => ({ rows, channels })),
);

test('uniform draws what the host draws, bit for bit', () => {
  const high = 7 * 2 ** 32 + 2 ** 31 + 5;
  for (const [seed, stream, limit] of [
    [0, [0, 0], 1],
    [3, [0xdeadbeef, 0xffffffff], 0.0721],
    [high, [1, 2], 1e-3 / 3],
  ] as const) {
    for (const size of [0, 1, 3, 4, 15, 16, 17, 64, 1001]) {
      const arena = new Arena();
      const y = arena.empty(size);
      kernels.uniform_f32(y, size, limit, stream[0], stream[1], seed, seed / 2 ** 32);
      const expected = makeInitialValues({ kind: 'uniform', limit, seed, stream }, size);
      assert.deepEqual(arena.get(y), expected);
    }
  }
});

test('batchNormMoments keeps its precision far from zero', () => {
  for (const { rows, channels } of SHAPES) {
    const x = normals(rows * channels, 1).map((value, i) => value + 1000 * (i % channels));
    const expected = new Float64Array(2 * channels);
    for (let c = 0; c < channels; c++) {
      for (let r = 0; r < rows; r++) expected[c] += x[r * channels + c] / rows;
      for (let r = 0; r < rows; r++) {
        expected[channels + c] += (x[r * channels + c] - expected[c]) ** 2;
      }
    }
    const arena = new Arena();
    const moments = arena.empty(2 * channels);
    kernels.batchNormMoments_f32(arena.put(x), moments, rows, channels);
    assertClose(arena.get(moments), expected, 1e-5);
  }
});

test('batchNormApply, batchNormGradientSums and batchNormGradientApply agree with their formulas', () => {
  for (const { rows, channels } of SHAPES) {
    const size = rows * channels;
    const x = normals(size, 2);
    const dy = normals(size, 3);
    const residual = normals(size, 4);
    const mean = normals(channels, 5);
    const rstd = draws(channels, 6, (random) => 0.5 + random.uniform());
    const gamma = normals(channels, 7);
    const beta = normals(channels, 8);
    const y = x.map((value, i) => {
      const c = i % channels;
      return Math.max(0, (value - mean[c]) * rstd[c] * gamma[c] + beta[c] + residual[i]);
    });
    const g = dy.map((value, i) => (y[i] > 0 ? value : 0));
    const normalized = x.map((value, i) => (value - mean[i % channels]) * rstd[i % channels]);
    const sums = new Float64Array(2 * channels);
    g.forEach((value, i) => {
      sums[i % channels] += value;
      sums[channels + (i % channels)] += value * normalized[i];
    });
    const dx = g.map((value, i) => {
      const c = i % channels;
      const correction = (sums[c] + normalized[i] * sums[channels + c]) / rows;
      return gamma[c] * rstd[c] * (value - correction);
    });

    const arena = new Arena();
    const [atX, atDy, atResidual, atMean, atRstd, atGamma, atBeta] = [
      x,
      dy,
      residual,
      mean,
      rstd,
      gamma,
      beta,
    ].map((values) => arena.put(values));
    const atY = arena.empty(size);
    kernels.batchNormApply_f32(
      atX,
      atMean,
      atRstd,
      atGamma,
      atBeta,
      atResidual,
      atY,
      rows,
      channels,
      1,
    );
    assertClose(arena.get(atY), y, 1e-5);
    const atSums = arena.empty(2 * channels);
    kernels.batchNormGradientSums_f32(atX, atDy, atY, atMean, atRstd, atSums, rows, channels);
    assertClose(arena.get(atSums), sums, 1e-4);
    // In place, as plans do it: dx over x, dresidual over dy.
    kernels.batchNormGradientApply_f32(
      atX,
      atDy,
      atY,
      atMean,
      atRstd,
      atGamma,
      atSums,
      atX,
      atDy,
      rows,
      channels,
      rows,
    );
    assertClose(arena.get(atX), dx, 1e-4);
    assertClose(arena.get(atDy), g, 0);
  }
});

test('columnSums and totalSum add long columns without losing small terms', () => {
  for (const channels of [1, 3, 64]) {
    const rows = 20000;
    const x = draws(rows * channels, 9, (random) => 100 + random.uniform());
    const expected = new Float64Array(channels);
    x.forEach((value, i) => {
      expected[i % channels] += value;
    });
    const arena = new Arena();
    const atX = arena.put(x);
    const columns = arena.empty(channels);
    const total = arena.empty(1);
    kernels.columnSums_f32(atX, columns, rows, channels, 1);
    kernels.totalSum_f32(atX, total, x.length, 0.5);
    assertClose(arena.get(columns), expected, 1e-6);
    const sum = expected.reduce((a, b) => a + b, 0);
    assertClose(arena.get(total), [0.5 * sum], 1e-6);
  }
});

test('adam updates a range whose length is no multiple of the vector width', () => {
  for (const size of [0, 1, 6, 130]) {
    const [w, g, m] = [10, 11, 12].map((seed) => normals(size, seed));
    const v = draws(size, 13, (random) => random.uniform());
    const arena = new Arena();
    const [atW, atG, atM, atV] = [w, g, m, v].map((values) => arena.put(values));
    kernels.adam_f32(atW, atG, atM, atV, size, 0.01, 0.1, 0.001, 1e-7, 0);
    const newM = m.map((value, i) => value + (g[i] - value) * 0.1);
    const newV = v.map((value, i) => value + (g[i] * g[i] - value) * 0.001);
    assertClose(arena.get(atM), newM, 1e-6);
    assertClose(arena.get(atV), newV, 1e-6);
    const newW = w.map((value, i) => value - (0.01 * newM[i]) / (Math.sqrt(newV[i]) + 1e-7));
    assertClose(arena.get(atW), newW, 1e-6);
  }
});

test('sparse labels outside the classes make the loss and its gradient NaN', () => {
  for (const label of [-1, 3, Number.NaN]) {
    const arena = new Arena();
    const logits = arena.put([1, 2, 3]);
    const labels = arena.put([label]);
    const one = arena.put([1]);
    const loss = arena.empty(1);
    const gradient = arena.empty(3);
    kernels.softmaxCrossentropy_f32(logits, labels, loss, 1, 3, 1);
    kernels.softmaxCrossentropyGradient_f32(logits, labels, one, gradient, 1, 3, 1);
    assert.ok([...arena.get(loss), ...arena.get(gradient)].every(Number.isNaN));
  }
});

test('a look at weights around an update sums exactly, also what single precision cannot square', () => {
  for (const size of [1, 3, 8, 1029, 2048]) {
    for (const scale of [1, 1e-25, 1e25, 0]) {
      const arena = new Arena();
      const [w, g] = [normals(size, 1), normals(size, 2)].map((x) => x.map((v) => v * scale));
      g[0] = 0;
      const old = w.map((value, i) => value + scale * (i % 3));
      const [atW, atOld, atG, copy] = [
        arena.put(w),
        arena.put(old),
        arena.put(g),
        arena.empty(size),
      ];
      const figures = arena.empty(8);
      kernels.watchBefore_f32(atOld, atG, copy, figures, size);
      assert.deepEqual(arena.get(copy), old);
      const sum = (values: Float32Array, power: number) =>
        values.reduce((total, value) => total + value ** power, 0);
      const row = new Float64Array(memory.buffer, figures, 4);
      const change = kernels.watchAfter_f32(atW, copy, size);
      const moved = w.map((value, i) => value - old[i]);
      const expected = [sum(old, 2), sum(g, 1), sum(g, 2), g.filter((v) => v === 0).length];
      const sizes = [expected[0], Math.sqrt(size * expected[2]), expected[2], expected[3]];
      [...row, change].forEach((value, i) => {
        const [wanted, most] = i < 4 ? [expected[i], sizes[i]] : [sum(moved, 2), sum(moved, 2)];
        const off = Math.abs(value - wanted);
        assert.ok(off <= 1e-6 * most, `${size} × ${scale}, figure ${i}: ${value} ≠ ${wanted}`);
      });
    }
  }
  const arena = new Arena();
  const [values, figures] = [arena.put([Number.NaN, 1, 0]), arena.empty(8)];
  kernels.watchBefore_f32(values, values, values, figures, 3);
  const [weights, sum, squares, zeros] = new Float64Array(memory.buffer, figures, 4);
  assert.deepEqual([weights, sum, squares, zeros], [Number.NaN, Number.NaN, Number.NaN, 1]);
});
