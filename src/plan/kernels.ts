import type { GateState } from './gate.js';

/** Elementwise functions of one argument that the `unary` kernels know. */
export type UnaryFunction =
  | 'relu'
  | 'sigmoid'
  | 'tanh'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'square'
  | 'abs'
  | 'negate';

/** Elementwise functions of two arguments that the `binary` kernels know. */
export type BinaryFunction = 'add' | 'subtract' | 'multiply' | 'divide';

/**
 * Geometry of a convolution: x `[batch, height, width, channels]`, w `[kernelHeight, kernelWidth,
 * channels / groups, filters]`, y `[batch, outHeight, outWidth, filters]`. Output pixel (oh, ow) reads
 * input pixel (oh·strideHeight − padTop + i·dilationHeight, …); pixels outside the input are zero.
 */
export interface Conv2dAttributes {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  kernelHeight: number;
  kernelWidth: number;
  strideHeight: number;
  strideWidth: number;
  padTop: number;
  padLeft: number;
  dilationHeight: number;
  dilationWidth: number;
  groups: number;
  outHeight: number;
  outWidth: number;
  /**
   * How a GEMM executor computes it: `pointwise` is one GEMM over x itself (1×1, stride 1, no padding,
   * one group); `im2col` gathers patches of `imagesPerChunk` images at a time into the workspace;
   * `taps` multiplies tap by tap over pixel-major copies and so never touches the padding; `direct`
   * convolves image by image without a GEMM, but for the input gradient of a strided convolution, which
   * goes by patches; `winograd` multiplies points of tiles instead of pixels (3×3, stride 1, a border of 1),
   * which takes fewer products.
   */
  algorithm: 'pointwise' | 'im2col' | 'taps' | 'direct' | 'winograd';
  /** Images whose patches or points fit the workspace at once; 0 unless `im2col`, `direct` or `winograd`. */
  imagesPerChunk: number;
}

/** Geometry of a pooling window over x `[batch, height, width, channels]`; padding is never counted. */
export interface Pool2dAttributes {
  batch: number;
  height: number;
  width: number;
  channels: number;
  poolHeight: number;
  poolWidth: number;
  strideHeight: number;
  strideWidth: number;
  padTop: number;
  padLeft: number;
  outHeight: number;
  outWidth: number;
}

interface Rows {
  rows: number;
  channels: number;
}

interface Size {
  size: number;
}

interface Classes {
  rows: number;
  classes: number;
  /** Labels are class indices `[rows]` instead of probabilities `[rows, classes]`. */
  sparse: boolean;
}

/**
 * Consecutive elements that an optimizer's call changes at rates of their own: at `rateScale` times the
 * learning rate, after w −= rate · decay · w.
 */
export interface UpdateGroup {
  count: number;
  rateScale: number;
  decay: number;
}

/**
 * Which weights an optimizer's call changes: elements [start, start + count) of the trainable range, and
 * of slots [0, count). Without groups all change at the learning rate, and none decay; else the groups
 * cover the range in order.
 */
export interface UpdateRange {
  start: number;
  count: number;
  groups?: UpdateGroup[];
}

/** Elements [starts[p], starts[p] + counts[p]) of an array, for each p. */
export interface Parts {
  starts: number[];
  counts: number[];
}

/** LAMB over elements [start, start + count): each part is what lies there of one weight. */
export interface LambAttributes {
  start: number;
  count: number;
  /** `from` counts from `start`. */
  parts: (UpdateGroup & { from: number })[];
  beta1: number;
  beta2: number;
  epsilon: number;
}

interface Kernel<
  Reads extends string,
  Writes extends string,
  Attributes,
  OptionalReads extends string = never,
  OptionalWrites extends string = never,
> {
  reads: Reads;
  writes: Writes;
  optionalReads: OptionalReads;
  optionalWrites: OptionalWrites;
  attributes: Attributes;
}

/**
 * Every kernel that a plan may call: the contract between the compiler and the executors. Arrays are
 * contiguous, row-major float32. `rows` counts all axes but the last. A count of 0 is legal anywhere.
 */
export interface KernelTable {
  /** c `[m, n]` = op(a) · op(b); a is `[m, k]` or, transposed, `[k, m]`; b is `[k, n]` or `[n, k]`. */
  matmul: Kernel<
    'a' | 'b',
    'c',
    { m: number; n: number; k: number; transposeA: boolean; transposeB: boolean }
  >;
  conv2d: Kernel<'x' | 'w', 'y', Conv2dAttributes>;
  /** dx from dy and w; an `accumulator` of dx's shape, when given, is added (it may be dx itself). */
  conv2dInputGradient: Kernel<'dy' | 'w', 'dx', Conv2dAttributes, 'accumulator'>;
  conv2dFilterGradient: Kernel<'x' | 'dy', 'dw', Conv2dAttributes>;

  /** y = fn(a, b), equal shapes. y may be a or b. */
  binary: Kernel<'a' | 'b', 'y', Size & { fn: BinaryFunction }>;
  /** y = fn(a, b) over `shape` (rank 4); stride 0 repeats an operand along an axis. */
  binaryBroadcast: Kernel<
    'a' | 'b',
    'y',
    { fn: BinaryFunction; shape: number[]; stridesA: number[]; stridesB: number[] }
  >;
  /** y = fn(x). y may be x. */
  unary: Kernel<'x', 'y', Size & { fn: UnaryFunction }>;
  /** dx = dy · fn′, from x and y = fn(x). dx may be dy. The gradient of relu and abs at 0 is 0. */
  unaryGradient: Kernel<'x' | 'y' | 'dy', 'dx', Size & { fn: UnaryFunction }>;
  /** y = scale · x + offset. y may be x. */
  affine: Kernel<'x', 'y', Size & { scale: number; offset: number }>;
  /** y[r, c] = x[r, c] + bias[c]. y may be x. */
  biasAdd: Kernel<'x' | 'bias', 'y', Rows>;
  /** y[c] = Σ_r x[r, c]. */
  columnSums: Kernel<'x', 'y', Rows>;
  /** y[i] = value. */
  fill: Kernel<never, 'y', Size & { value: number }>;
  /**
   * Copies a rank-4 box between strided arrays: y[targetOffset + Σ i·targetStrides] = x[sourceOffset +
   * Σ i·sourceStrides]. y (of `targetSize` elements) is zeroed first where the box does not cover it.
   * Serves padding, slicing, broadcasting and their gradients.
   */
  stridedCopy: Kernel<
    'x',
    'y',
    {
      shape: number[];
      sourceOffset: number;
      sourceStrides: number[];
      targetOffset: number;
      targetStrides: number[];
      targetSize: number;
      /** Whether the box leaves parts of y uncovered, which become 0. */
      clear: boolean;
    }
  >;
  /** y `[outer, Σ widths]` = the inputs x0 `[outer, widths[0]]`, x1 … side by side. */
  concat: Kernel<string, 'y', { outer: number; widths: number[] }>;
  /** y[o, i] = scale · Σ_n x[o, n, i], x `[outer, count, inner]`. */
  reduceSum: Kernel<'x', 'y', { outer: number; count: number; inner: number; scale: number }>;
  /**
   * y = x / (1 − rate) where a Philox4x32-10 draw keeps the element, else 0. Element i of the replica
   * is element e = offset + i of the whole batch; its draw is word e mod 4 of the block with counter
   * (⌊e / 4⌋, step, stream, 0x64726f70) and key (seed low, seed high); it is kept when the word
   * ≥ rate · 2³². The same call on dy is the gradient. y may be x.
   */
  dropout: Kernel<'x', 'y', Size & { rate: number; stream: number; offset: number }>;

  maxPool: Kernel<'x', 'y', Pool2dAttributes>;
  /** The whole of dy goes to the first maximum of its window, in row-major order. */
  maxPoolGradient: Kernel<'x' | 'y' | 'dy', 'dx', Pool2dAttributes>;
  averagePool: Kernel<'x', 'y', Pool2dAttributes>;
  averagePoolGradient: Kernel<'dy', 'dx', Pool2dAttributes>;

  /** Softmax over the last axis, shifted by the row's maximum. */
  softmax: Kernel<'x', 'y', Rows>;
  /** dx = y · (dy − Σ_c dy·y). */
  softmaxGradient: Kernel<'y' | 'dy', 'dx', Rows>;
  /** loss[r] = −Σ_c labels · log softmax(logits). */
  softmaxCrossentropy: Kernel<'logits' | 'labels', 'loss', Classes>;
  /** dlogits = dloss[r] · (softmax(logits) · Σ_c labels − labels). */
  softmaxCrossentropyGradient: Kernel<'logits' | 'labels' | 'dloss', 'dlogits', Classes>;
  /** loss[r] = −Σ_c labels · log clip(p / Σ p, 1e-7, 1 − 1e-7); sparse labels skip the division. */
  crossentropy: Kernel<'probabilities' | 'labels', 'loss', Classes>;
  /** Gradient of `crossentropy`; clipped entries have none. */
  crossentropyGradient: Kernel<'probabilities' | 'labels' | 'dloss', 'dprobabilities', Classes>;
  /** y[0] = scale · Σ x. */
  totalSum: Kernel<'x', 'y', Size & { scale: number }>;
  /** y[i] = scale · x[0]: the gradient of `totalSum`. */
  spreadScalar: Kernel<'x', 'y', Size & { scale: number }>;
  /**
   * hits[r] = 1 when the label of row r is among its k largest predictions: for k = 1 the first
   * maximum is the prediction; for k > 1, when the label's is a finite number that fewer than k exceed.
   * A label of probabilities `[rows, classes]` stands for its first maximum.
   */
  topKHits: Kernel<'predictions' | 'labels', 'hits', Classes & { k: number }>;
  /** y[0] = scale · (l1 · Σ|w| + l2 · Σw²). */
  regularization: Kernel<'w', 'y', Size & { l1: number; l2: number; scale: number }>;
  /** dw = dloss[0] · scale · (l1 · sign(w) + 2 · l2 · w). */
  regularizationGradient: Kernel<
    'w' | 'dloss',
    'dw',
    Size & { l1: number; l2: number; scale: number }
  >;

  /** moments `[2, channels]` = mean over this replica's rows, then the sum of squared deviations from it. */
  batchNormMoments: Kernel<'x', 'moments', Rows>;
  /**
   * Merges the moments of all replicas (`[replicas, 2, channels]`, of `counts` rows each; Chan et al.,
   * 1979) into mean and rstd = 1/√(variance + epsilon), the variance being biased, and moves the moving
   * statistics: new = old · momentum + batch · (1 − momentum). A `bias` that was left out of x is added
   * to the mean that the moving mean sees. The moving statistics may be updated in place.
   */
  batchNormStatistics: Kernel<
    'moments' | 'movingMean' | 'movingVariance',
    'mean' | 'rstd' | 'newMovingMean' | 'newMovingVariance',
    { channels: number; counts: number[]; epsilon: number; momentum: number },
    'bias'
  >;
  /** mean = movingMean − bias, rstd = 1/√(movingVariance + epsilon): the statistics of inference. */
  batchNormFrozenStatistics: Kernel<
    'movingMean' | 'movingVariance',
    'mean' | 'rstd',
    { channels: number; epsilon: number },
    'bias'
  >;
  /** y = (x − mean) · rstd · gamma + beta (+ residual), then relu where asked. y may be x or residual. */
  batchNormApply: Kernel<
    'x' | 'mean' | 'rstd',
    'y',
    Rows & { relu: boolean },
    'gamma' | 'beta' | 'residual'
  >;
  /** With g = dy where y > 0 (relu) or dy: sums `[2, channels]` = Σ g, Σ g · (x − mean) · rstd. */
  batchNormGradientSums: Kernel<
    'x' | 'dy' | 'mean' | 'rstd',
    'sums',
    Rows & { relu: boolean },
    'y'
  >;
  /**
   * dx = gamma · rstd · (g − sums₀/totalRows − x̂ · sums₁/totalRows) with x̂ = (x − mean) · rstd, or
   * gamma · rstd · g without `sums` (frozen statistics). dresidual = g. dx may be dy or x; dresidual
   * may be dy.
   */
  batchNormGradientApply: Kernel<
    'x' | 'dy' | 'mean' | 'rstd',
    'dx',
    Rows & { relu: boolean; totalRows: number },
    'y' | 'gamma' | 'sums',
    'dresidual'
  >;
  /** dbeta = scale · sums₀, dgamma = scale · sums₁. */
  batchNormParameterGradients: Kernel<
    'sums',
    'dgamma' | 'dbeta',
    { channels: number; scale: number }
  >;

  /** y = Σ over replicas of x, added in replica order; every replica gets the same bits. y may be x. */
  allReduceSum: Kernel<'x', 'y', Size>;
  /** y `[replicas, size]` = every replica's x, in replica order. */
  allGather: Kernel<'x', 'y', Size>;
  /** Leaves in replica r's elements [starts[r], starts[r] + counts[r]) of x their sum over replicas. */
  reduceScatter: Kernel<'x', 'y', { starts: number[]; counts: number[] }>;
  /** Copies every replica's elements [starts[r], starts[r] + counts[r]) of x to all replicas. */
  allGatherShards: Kernel<'x', 'y', { starts: number[]; counts: number[] }>;

  /**
   * Keras's Adam and AdamW over the range, at run parameters `learningRate` (times the group's scale:
   * rate) and `step` t ≥ 1: w −= rate · decay · w; m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂);
   * w −= rate · √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + epsilon).
   */
  adam: Kernel<
    'w' | 'g' | 'm' | 'v',
    'newW' | 'newM' | 'newV',
    UpdateRange & { beta1: number; beta2: number; epsilon: number }
  >;
  /**
   * Keras's SGD over the range: w −= rate · decay · w; then without momentum w −= rate · g; else
   * m = momentum · m − rate · g and w += m, or with Nesterov w += momentum · m − rate · g.
   */
  sgd: Kernel<
    'w' | 'g',
    'newW',
    UpdateRange & { momentum: number; nesterov: boolean },
    'm',
    'newM'
  >;
  /**
   * Keras's RMSprop over the range: w −= rate · decay · w; v = ρ · v + (1 − ρ) · g²; centered, with a:
   * a = ρ · a + (1 − ρ) · g; step = rate · g / √(v − a² + epsilon); with m: m = momentum · m + step and
   * w −= m, else w −= step.
   */
  rmsprop: Kernel<
    'w' | 'g' | 'v',
    'newW' | 'newV',
    UpdateRange & { rho: number; momentum: number; epsilon: number },
    'm' | 'a',
    'newM' | 'newA'
  >;
  /**
   * Keras's Lion over the range: w −= rate · decay · w; w −= rate · sign(β₁ · m + (1 − β₁) · g);
   * m = β₂ · m + (1 − β₂) · g.
   */
  lion: Kernel<'w' | 'g' | 'm', 'newW' | 'newM', UpdateRange & { beta1: number; beta2: number }>;
  /**
   * First half of Keras's LAMB over the parts of the range: m and v as in `adam`, and sums `[2, parts]` =
   * for each part Σ (w − rate · decay · w)², then Σ u² with u = m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + epsilon).
   */
  lambMoments: Kernel<'w' | 'g' | 'm' | 'v', 'newM' | 'newV' | 'sums', LambAttributes>;
  /**
   * Second half, from the sums over all replicas: w −= rate · decay · w; w −= ratio · rate · u, where ratio =
   * √sums₀ / √sums₁ of the part, or 1 where one of them is 0.
   */
  lamb: Kernel<'w' | 'm' | 'v' | 'sums', 'newW', LambAttributes>;

  /** y[p] = Σ x² over elements [starts[p], starts[p] + counts[p]). */
  squaredSums: Kernel<'x', 'y', Parts>;
  /** Every part p of g is multiplied by clipNorm / max(√sums[p], clipNorm). */
  clipByNorm: Kernel<'g' | 'sums', 'newG', Parts & { clipNorm: number }>;
  /**
   * Elements [start, start + count) of g are multiplied by clipNorm · min(1/norm, 1/clipNorm), or NaN where
   * the norm √Σ sums (of so many `parts`) is not finite.
   */
  clipByGlobalNorm: Kernel<
    'g' | 'sums',
    'newG',
    { start: number; count: number; parts: number; clipNorm: number }
  >;
  /** Elements [start, start + count) of g are brought into [−clipValue, clipValue]. */
  clipByValue: Kernel<'g', 'newG', { start: number; count: number; clipValue: number }>;
  /**
   * Over elements [start, start + count) of g and [0, count) of a: at run parameters `step` that `steps`
   * divides, g = (g + a) / steps and a = 0; at others a += g.
   */
  accumulateGradients: Kernel<
    'g' | 'a',
    'newG' | 'newA',
    { start: number; count: number; steps: number }
  >;
  /**
   * Keras's average of weights over elements [start, start + count) of w and [0, count) of the average, at
   * update t = ⌊(step − 1) / accumulationSteps⌋ (from 0): average = momentum · average + (1 − momentum) · w,
   * with momentum 0 at t = 0. Given newW, w becomes the average where overwriteFrequency divides t + 1.
   */
  movingAverage: Kernel<
    'w' | 'average',
    'newAverage',
    {
      start: number;
      count: number;
      momentum: number;
      accumulationSteps: number;
      overwriteFrequency: number;
    },
    never,
    'newW'
  >;
}

/** Name of a kernel. */
export type KernelName = keyof KernelTable;

/** A buffer of a plan, by its place in `Plan.buffers`. */
export type BufferId = number;

/** One call of a kernel: which buffers it reads and writes, by operand name. */
export type KernelCall<K extends KernelName = KernelName> = {
  [N in K]: {
    kernel: N;
    reads: Record<KernelTable[N]['reads'], BufferId> &
      Partial<Record<KernelTable[N]['optionalReads'], BufferId>>;
    writes: Record<KernelTable[N]['writes'], BufferId> &
      Partial<Record<KernelTable[N]['optionalWrites'], BufferId>>;
    attributes: KernelTable[N]['attributes'];
    /** Scratch memory for the duration of the call. */
    workspace?: BufferId;
    /**
     * The call runs only at steps that this divides, and then takes step / every for the step; all others
     * run at every step.
     */
    every?: number;
    /** The call runs only in steps in which all these gates are so; else its results are left alone. */
    gates?: readonly GateState[];
    /** The layer this call comes from, for profiles and error messages. */
    source: string;
    phase: Phase;
  };
}[K];

/** Part of a step that a call belongs to. */
export type Phase = 'forward' | 'backward' | 'update';
