import {
  convAlgorithm,
  convFlops,
  convWorkspaceSize,
  directFits,
  mirrorConvolution,
} from './conv-workspace.js';
import type {
  Conv2dAttributes,
  KernelName,
  KernelTable,
  LambAttributes,
  Parts,
  Pool2dAttributes,
  UpdateRange,
} from './kernels.js';
import { winogradFits } from './winograd.js';

/**
 * Number of elements of an operand: exact, or a lower bound for kernels that use only a part; `touched`
 * is how many they use where that is fewer.
 */
export type OperandSize = number | { atLeast: number; touched?: number };

type ReadName<K extends KernelName> = KernelTable[K]['reads'] | KernelTable[K]['optionalReads'];
type WriteName<K extends KernelName> = KernelTable[K]['writes'] | KernelTable[K]['optionalWrites'];

/** Sizes of every operand that a call may have. */
export interface OperandSizes<K extends KernelName> {
  reads: Record<ReadName<K>, OperandSize>;
  writes: Record<WriteName<K>, OperandSize>;
}

/** What a program knows of a kernel without running it. */
export interface KernelSpec<K extends KernelName> {
  /** Operand sizes under these attributes, for a plan of so many replicas. */
  sizes(attributes: KernelTable[K]['attributes'], replicas: number): OperandSizes<K>;
  /** Operands that may be left out. */
  optional: readonly (KernelTable[K]['optionalReads'] | KernelTable[K]['optionalWrites'])[];
  /** Which reads a write may share its memory with. */
  mayAlias: Partial<Record<WriteName<K>, readonly ReadName<K>[]>>;
  /** Which read a write must share its memory with, because the kernel changes only a part. */
  inPlace: Partial<Record<WriteName<K>, ReadName<K>>>;
  /** Whether the replicas exchange data in it. */
  collective: boolean;
  /** Elements of workspace that an executor may use. */
  workspace(attributes: KernelTable[K]['attributes']): number;
  /**
   * Multiply-adds of useful work, counted as 2 each, whatever the algorithm; work on elements, which
   * waits for memory, counts as 0.
   */
  flops(attributes: KernelTable[K]['attributes']): number;
  /** How an executor computes it, in a word or two, where the compiler chose among several ways. */
  algorithm(attributes: KernelTable[K]['attributes']): string | undefined;
  /** What is wrong with a call although all its sizes are right, or undefined. */
  problem(
    attributes: KernelTable[K]['attributes'],
    operands: ReadonlySet<string>,
  ): string | undefined;
}

type Details<K extends KernelName> = Partial<Omit<KernelSpec<K>, 'sizes'>>;

function spec<K extends KernelName>(
  sizes: KernelSpec<K>['sizes'],
  details: Details<K> = {},
): KernelSpec<K> {
  return {
    sizes,
    optional: [],
    mayAlias: {},
    inPlace: {},
    collective: false,
    workspace: () => 0,
    flops: () => 0,
    algorithm: () => undefined,
    problem: () => undefined,
    ...details,
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Elements that a strided box reaches from element 0. */
function extent(shape: readonly number[], strides: readonly number[], offset = 0): OperandSize {
  if (shape.some((d) => d === 0)) return { atLeast: 0 };
  const atLeast = shape.reduce((last, d, axis) => last + (d - 1) * strides[axis], offset) + 1;
  return { atLeast, touched: product(shape.filter((_, axis) => strides[axis] !== 0)) };
}

/** Places and sizes that are no counts would lead a kernel out of its operands. */
function countsProblem(what: string, numbers: readonly number[]): string | undefined {
  const wrong = numbers.find((number) => !(Number.isSafeInteger(number) && number >= 0));
  return wrong === undefined ? undefined : `${what} is ${wrong}; it must be a count`;
}

function stridesProblem(...lists: readonly (readonly number[])[]): string | undefined {
  const wrong = lists.find((list) => list.length !== 4);
  if (wrong !== undefined) return `a shape or stride list has ${wrong.length} entries instead of 4`;
  return countsProblem('a size or stride', lists.flat());
}

function reluProblem(relu: boolean, operands: ReadonlySet<string>): string | undefined {
  return relu && !operands.has('y') ? "relu needs the operand 'y'" : undefined;
}

function convSizes(a: Conv2dAttributes): { x: number; w: number; y: number } {
  return {
    x: a.batch * a.height * a.width * a.channels,
    w: a.kernelHeight * a.kernelWidth * (a.channels / a.groups) * a.filters,
    y: a.batch * a.outHeight * a.outWidth * a.filters,
  };
}

function convProblem(a: Conv2dAttributes): string | undefined {
  if (a.channels % a.groups !== 0 || a.filters % a.groups !== 0) {
    return `${a.groups} groups do not divide ${a.channels} channels and ${a.filters} filters`;
  }
  if (a.algorithm === 'im2col' || a.algorithm === 'direct' || a.algorithm === 'winograd') {
    if (a.algorithm === 'direct' && !directFits(a)) {
      return 'direct needs one group, no dilation and a border below the kernel';
    }
    if (a.algorithm === 'winograd' && !winogradFits(a)) {
      return 'winograd needs a 3×3 kernel, one group, stride 1, no dilation and a border of 1';
    }
    return a.imagesPerChunk >= 1 ? undefined : `${a.algorithm} needs imagesPerChunk of at least 1`;
  }
  if (a.algorithm === 'taps') {
    const fits = a.strideHeight === 1 && a.strideWidth === 1 && a.groups === 1;
    return fits ? undefined : 'taps needs stride 1 and one group';
  }
  const plain =
    [a.kernelHeight, a.kernelWidth, a.strideHeight, a.strideWidth, a.groups].every(
      (n) => n === 1,
    ) &&
    a.padTop === 0 &&
    a.padLeft === 0 &&
    a.outHeight === a.height &&
    a.outWidth === a.width;
  return plain ? undefined : 'pointwise needs kernel 1×1, stride 1, no padding and one group';
}

function poolSizes(a: Pool2dAttributes): { x: number; y: number } {
  return {
    x: a.batch * a.height * a.width * a.channels,
    y: a.batch * a.outHeight * a.outWidth * a.channels,
  };
}

/** Operand sizes of a call that updates a range of the weights, with these slots. */
function updateSizes({ start, count }: UpdateRange) {
  const whole = { atLeast: start + count, touched: count };
  return { whole, shard: { atLeast: count } };
}

function partsSize({ starts, counts }: Parts): OperandSize {
  const atLeast = Math.max(0, ...starts.map((start, p) => start + counts[p]));
  return { atLeast, touched: counts.reduce((sum, count) => sum + count, 0) };
}

function lambProblem({ start, count, parts }: LambAttributes): string | undefined {
  const outside = parts.find((part) => part.from + part.count > count);
  return (
    countsProblem('the start or size of an update', [start, count]) ??
    countsProblem(
      'a place or size of a part',
      parts.flatMap((part) => [part.from, part.count]),
    ) ??
    (outside && `a part ends at ${outside.from + outside.count} of ${count} elements`)
  );
}

function updateProblem({ start, count, groups }: UpdateRange): string | undefined {
  const problem = countsProblem('the start or size of an update', [start, count]);
  if (problem !== undefined) return problem;
  if (groups === undefined) return undefined;
  const wrong = countsProblem(
    'the size of a group',
    groups.map((group) => group.count),
  );
  if (wrong !== undefined) return wrong;
  const covered = groups.reduce((sum, group) => sum + group.count, 0);
  return covered === count ? undefined : `the groups cover ${covered} of ${count} elements`;
}

function partsProblem(a: Parts): string | undefined {
  return a.starts.length === a.counts.length
    ? countsProblem('a start or size of a part', [...a.starts, ...a.counts])
    : `there are ${a.starts.length} starts but ${a.counts.length} counts`;
}

/** The specification of every kernel. */
export const kernelSpecs: { readonly [K in KernelName]: KernelSpec<K> } = {
  matmul: spec(({ m, n, k }) => ({ reads: { a: m * k, b: k * n }, writes: { c: m * n } }), {
    flops: ({ m, n, k }) => 2 * m * n * k,
  }),
  conv2d: spec(
    (a) => {
      const { x, w, y } = convSizes(a);
      return { reads: { x, w }, writes: { y } };
    },
    {
      workspace: (a) => convWorkspaceSize(a, 'forward'),
      flops: convFlops,
      algorithm: convAlgorithm,
      problem: convProblem,
    },
  ),
  conv2dInputGradient: spec(
    (a) => {
      const { x, w, y } = convSizes(a);
      return { reads: { dy: y, w, accumulator: x }, writes: { dx: x } };
    },
    {
      optional: ['accumulator'],
      mayAlias: { dx: ['accumulator'] },
      workspace: (a) => convWorkspaceSize(a, 'inputGradient'),
      flops: convFlops,
      algorithm: (a) => {
        const mirror = mirrorConvolution(a);
        if (mirror !== undefined) return `mirrored, ${convAlgorithm(mirror)}`;
        // A strided one has no direct form.
        return convAlgorithm(a.algorithm === 'direct' ? { ...a, algorithm: 'im2col' } : a);
      },
      problem: convProblem,
    },
  ),
  conv2dFilterGradient: spec(
    (a) => {
      const { x, w, y } = convSizes(a);
      return { reads: { x, dy: y }, writes: { dw: w } };
    },
    {
      workspace: (a) => convWorkspaceSize(a, 'filterGradient'),
      flops: convFlops,
      algorithm: convAlgorithm,
      problem: convProblem,
    },
  ),

  binary: spec(({ size }) => ({ reads: { a: size, b: size }, writes: { y: size } }), {
    mayAlias: { y: ['a', 'b'] },
  }),
  binaryBroadcast: spec(
    ({ shape, stridesA, stridesB }) => ({
      reads: { a: extent(shape, stridesA), b: extent(shape, stridesB) },
      writes: { y: product(shape) },
    }),
    { problem: ({ shape, stridesA, stridesB }) => stridesProblem(shape, stridesA, stridesB) },
  ),
  unary: spec(({ size }) => ({ reads: { x: size }, writes: { y: size } }), {
    mayAlias: { y: ['x'] },
  }),
  unaryGradient: spec(
    ({ size }) => ({ reads: { x: size, y: size, dy: size }, writes: { dx: size } }),
    { mayAlias: { dx: ['dy'] } },
  ),
  affine: spec(({ size }) => ({ reads: { x: size }, writes: { y: size } }), {
    mayAlias: { y: ['x'] },
  }),
  biasAdd: spec(
    ({ rows, channels }) => ({
      reads: { x: rows * channels, bias: channels },
      writes: { y: rows * channels },
    }),
    { mayAlias: { y: ['x'] } },
  ),
  columnSums: spec(({ rows, channels }) => ({
    reads: { x: rows * channels },
    writes: { y: channels },
  })),
  fill: spec(({ size }) => ({ reads: {}, writes: { y: size } })),
  stridedCopy: spec(
    ({ shape, sourceOffset, sourceStrides, targetSize }) => ({
      reads: { x: extent(shape, sourceStrides, sourceOffset) },
      writes: { y: targetSize },
    }),
    {
      problem: (a) => {
        const { shape, sourceStrides, targetOffset, targetStrides, targetSize, clear } = a;
        const wrong =
          stridesProblem(shape, sourceStrides, targetStrides) ??
          countsProblem('an offset or size', [a.sourceOffset, targetOffset, targetSize]);
        if (wrong !== undefined) return wrong;
        const reached = extent(shape, targetStrides, targetOffset);
        if (typeof reached === 'object' && reached.atLeast > targetSize) {
          return `the box ends at element ${reached.atLeast} of a target of ${targetSize}`;
        }
        return clear || product(shape) >= targetSize
          ? undefined
          : `the box leaves parts of the target uncovered, but 'clear' is false`;
      },
    },
  ),
  concat: spec(({ outer, widths }) => ({
    reads: Object.fromEntries(widths.map((width, i) => [`x${i}`, outer * width])),
    writes: { y: outer * widths.reduce((a, b) => a + b, 0) },
  })),
  reduceSum: spec(({ outer, count, inner }) => ({
    reads: { x: outer * count * inner },
    writes: { y: outer * inner },
  })),
  dropout: spec(({ size }) => ({ reads: { x: size }, writes: { y: size } }), {
    mayAlias: { y: ['x'] },
    problem: ({ rate }) =>
      rate >= 0 && rate < 1 ? undefined : `rate is ${rate} instead of a number in [0, 1)`,
  }),

  maxPool: spec((a) => ({ reads: { x: poolSizes(a).x }, writes: { y: poolSizes(a).y } })),
  maxPoolGradient: spec((a) => {
    const { x, y } = poolSizes(a);
    return { reads: { x, y, dy: y }, writes: { dx: x } };
  }),
  averagePool: spec((a) => ({ reads: { x: poolSizes(a).x }, writes: { y: poolSizes(a).y } })),
  averagePoolGradient: spec((a) => ({
    reads: { dy: poolSizes(a).y },
    writes: { dx: poolSizes(a).x },
  })),

  softmax: spec(({ rows, channels }) => ({
    reads: { x: rows * channels },
    writes: { y: rows * channels },
  })),
  softmaxGradient: spec(({ rows, channels }) => ({
    reads: { y: rows * channels, dy: rows * channels },
    writes: { dx: rows * channels },
  })),
  softmaxCrossentropy: spec(({ rows, classes, sparse }) => ({
    reads: { logits: rows * classes, labels: sparse ? rows : rows * classes },
    writes: { loss: rows },
  })),
  softmaxCrossentropyGradient: spec(({ rows, classes, sparse }) => ({
    reads: { logits: rows * classes, labels: sparse ? rows : rows * classes, dloss: rows },
    writes: { dlogits: rows * classes },
  })),
  crossentropy: spec(({ rows, classes, sparse }) => ({
    reads: { probabilities: rows * classes, labels: sparse ? rows : rows * classes },
    writes: { loss: rows },
  })),
  crossentropyGradient: spec(({ rows, classes, sparse }) => ({
    reads: { probabilities: rows * classes, labels: sparse ? rows : rows * classes, dloss: rows },
    writes: { dprobabilities: rows * classes },
  })),
  totalSum: spec(({ size }) => ({ reads: { x: size }, writes: { y: 1 } })),
  spreadScalar: spec(({ size }) => ({ reads: { x: 1 }, writes: { y: size } })),
  topKHits: spec(({ rows, classes, sparse }) => ({
    reads: { predictions: rows * classes, labels: sparse ? rows : rows * classes },
    writes: { hits: rows },
  })),
  regularization: spec(({ size }) => ({ reads: { w: size }, writes: { y: 1 } })),
  regularizationGradient: spec(({ size }) => ({
    reads: { w: size, dloss: 1 },
    writes: { dw: size },
  })),

  batchNormMoments: spec(({ rows, channels }) => ({
    reads: { x: rows * channels },
    writes: { moments: 2 * channels },
  })),
  batchNormStatistics: spec(
    ({ channels, counts }) => ({
      reads: {
        moments: counts.length * 2 * channels,
        movingMean: channels,
        movingVariance: channels,
        bias: channels,
      },
      writes: {
        mean: channels,
        rstd: channels,
        newMovingMean: channels,
        newMovingVariance: channels,
      },
    }),
    {
      optional: ['bias'],
      mayAlias: { newMovingMean: ['movingMean'], newMovingVariance: ['movingVariance'] },
    },
  ),
  batchNormFrozenStatistics: spec(
    ({ channels }) => ({
      reads: { movingMean: channels, movingVariance: channels, bias: channels },
      writes: { mean: channels, rstd: channels },
    }),
    { optional: ['bias'] },
  ),
  batchNormApply: spec(
    ({ rows, channels }) => ({
      reads: {
        x: rows * channels,
        mean: channels,
        rstd: channels,
        gamma: channels,
        beta: channels,
        residual: rows * channels,
      },
      writes: { y: rows * channels },
    }),
    { optional: ['gamma', 'beta', 'residual'], mayAlias: { y: ['x', 'residual'] } },
  ),
  batchNormGradientSums: spec(
    ({ rows, channels }) => ({
      reads: {
        x: rows * channels,
        dy: rows * channels,
        mean: channels,
        rstd: channels,
        y: rows * channels,
      },
      writes: { sums: 2 * channels },
    }),
    { optional: ['y'], problem: ({ relu }, operands) => reluProblem(relu, operands) },
  ),
  batchNormGradientApply: spec(
    ({ rows, channels }) => ({
      reads: {
        x: rows * channels,
        dy: rows * channels,
        mean: channels,
        rstd: channels,
        y: rows * channels,
        gamma: channels,
        sums: 2 * channels,
      },
      writes: { dx: rows * channels, dresidual: rows * channels },
    }),
    {
      optional: ['y', 'gamma', 'sums', 'dresidual'],
      mayAlias: { dx: ['dy', 'x'], dresidual: ['dy'] },
      problem: ({ relu }, operands) => reluProblem(relu, operands),
    },
  ),
  batchNormParameterGradients: spec(({ channels }) => ({
    reads: { sums: 2 * channels },
    writes: { dgamma: channels, dbeta: channels },
  })),

  allReduceSum: spec(({ size }) => ({ reads: { x: size }, writes: { y: size } }), {
    mayAlias: { y: ['x'] },
    collective: true,
  }),
  allGather: spec(
    ({ size }, replicas) => ({ reads: { x: size }, writes: { y: replicas * size } }),
    { collective: true },
  ),
  reduceScatter: spec((a) => ({ reads: { x: partsSize(a) }, writes: { y: partsSize(a) } }), {
    inPlace: { y: 'x' },
    collective: true,
    problem: partsProblem,
  }),
  allGatherShards: spec((a) => ({ reads: { x: partsSize(a) }, writes: { y: partsSize(a) } }), {
    inPlace: { y: 'x' },
    collective: true,
    problem: partsProblem,
  }),

  adam: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return {
        reads: { w: whole, g: whole, m: shard, v: shard },
        writes: { newW: whole, newM: shard, newV: shard },
      };
    },
    { inPlace: { newW: 'w', newM: 'm', newV: 'v' }, problem: updateProblem },
  ),
  sgd: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return { reads: { w: whole, g: whole, m: shard }, writes: { newW: whole, newM: shard } };
    },
    {
      optional: ['m', 'newM'],
      inPlace: { newW: 'w', newM: 'm' },
      problem: (a, operands) => {
        if (operands.has('m') !== operands.has('newM')) return "'m' and 'newM' go together";
        const lacksM = a.momentum !== 0 && !operands.has('m');
        return lacksM ? "momentum needs the operand 'm'" : updateProblem(a);
      },
    },
  ),
  rmsprop: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return {
        reads: { w: whole, g: whole, v: shard, m: shard, a: shard },
        writes: { newW: whole, newV: shard, newM: shard, newA: shard },
      };
    },
    {
      optional: ['m', 'a', 'newM', 'newA'],
      inPlace: { newW: 'w', newV: 'v', newM: 'm', newA: 'a' },
      problem: (a, operands) => {
        if (operands.has('m') !== operands.has('newM')) return "'m' and 'newM' go together";
        if (operands.has('a') !== operands.has('newA')) return "'a' and 'newA' go together";
        return updateProblem(a);
      },
    },
  ),
  lion: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return { reads: { w: whole, g: whole, m: shard }, writes: { newW: whole, newM: shard } };
    },
    { inPlace: { newW: 'w', newM: 'm' }, problem: updateProblem },
  ),
  lambMoments: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return {
        reads: { w: whole, g: whole, m: shard, v: shard },
        writes: { newM: shard, newV: shard, sums: 2 * a.parts.length },
      };
    },
    { inPlace: { newM: 'm', newV: 'v' }, problem: lambProblem },
  ),
  lamb: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return {
        reads: { w: whole, m: shard, v: shard, sums: 2 * a.parts.length },
        writes: { newW: whole },
      };
    },
    { inPlace: { newW: 'w' }, problem: lambProblem },
  ),
  squaredSums: spec((a) => ({ reads: { x: partsSize(a) }, writes: { y: a.counts.length } }), {
    problem: partsProblem,
  }),
  clipByNorm: spec(
    (a) => {
      const g = partsSize(a);
      return { reads: { g, sums: a.counts.length }, writes: { newG: g } };
    },
    { inPlace: { newG: 'g' }, problem: partsProblem },
  ),
  clipByGlobalNorm: spec(
    (a) => {
      const { whole } = updateSizes(a);
      return { reads: { g: whole, sums: a.parts }, writes: { newG: whole } };
    },
    { inPlace: { newG: 'g' }, problem: updateProblem },
  ),
  clipByValue: spec(
    (a) => {
      const { whole } = updateSizes(a);
      return { reads: { g: whole }, writes: { newG: whole } };
    },
    { inPlace: { newG: 'g' }, problem: updateProblem },
  ),
  accumulateGradients: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return { reads: { g: whole, a: shard }, writes: { newG: whole, newA: shard } };
    },
    { inPlace: { newG: 'g', newA: 'a' }, problem: updateProblem },
  ),
  movingAverage: spec(
    (a) => {
      const { whole, shard } = updateSizes(a);
      return { reads: { w: whole, average: shard }, writes: { newAverage: shard, newW: whole } };
    },
    {
      optional: ['newW'],
      inPlace: { newAverage: 'average', newW: 'w' },
      problem: updateProblem,
    },
  ),
};

/** The kernel's specification, or undefined when there is no kernel of this name. */
export function kernelSpec<K extends KernelName>(name: K): KernelSpec<K> | undefined {
  return Object.hasOwn(kernelSpecs, name) ? kernelSpecs[name] : undefined;
}
