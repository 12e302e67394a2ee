import { fusedKernelsWasmBase64, kernelsWasmBase64 } from './generated/kernels-wasm.js';

/**
 * Bytes at the start of a replica's memory that belong to the kernels: tables of `exp` and `log` from
 * byte 1024 on, KERNEL_SCRATCH behind them. Arenas begin at this address or above.
 */
export const KERNEL_BYTES = 65536;

/** The range of a replica's memory that kernels use as scratch for the duration of a call. */
export const KERNEL_SCRATCH = { start: 16384, end: KERNEL_BYTES } as const;

/**
 * What the compiled kernels export. Pointers are byte addresses in the memory that they were
 * instantiated over, sizes count elements, flags are 0 or 1; an optional operand that is absent has
 * address 0. The formulas are in `plan/kernels.ts`, the preconditions beside the sources in `kernels/`.
 */
export interface KernelExports {
  adam_f32(
    w: number,
    g: number,
    m: number,
    v: number,
    count: number,
    rate: number,
    rest1: number,
    rest2: number,
    epsilon: number,
    decay: number,
  ): void;
  affine_f32(x: number, y: number, size: number, scale: number, offset: number): void;
  averagePool_f32(
    x: number,
    y: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    poolHeight: number,
    poolWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    outHeight: number,
    outWidth: number,
  ): void;
  averagePoolGradient_f32(
    dy: number,
    dx: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    poolHeight: number,
    poolWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    outHeight: number,
    outWidth: number,
  ): void;
  batchNormApply_f32(
    x: number,
    mean: number,
    rstd: number,
    gamma: number,
    beta: number,
    residual: number,
    y: number,
    rows: number,
    channels: number,
    relu: number,
  ): void;
  batchNormGradientApply_f32(
    x: number,
    dy: number,
    y: number,
    mean: number,
    rstd: number,
    gamma: number,
    sums: number,
    dx: number,
    dresidual: number,
    rows: number,
    channels: number,
    totalRows: number,
  ): void;
  batchNormGradientSums_f32(
    x: number,
    dy: number,
    y: number,
    mean: number,
    rstd: number,
    sums: number,
    rows: number,
    channels: number,
  ): void;
  batchNormMoments_f32(x: number, moments: number, rows: number, channels: number): void;
  batchNormParameterGradients_f32(
    sums: number,
    dgamma: number,
    dbeta: number,
    channels: number,
    scale: number,
  ): void;
  batchNormFrozenStatistics_f32(
    movingMean: number,
    movingVariance: number,
    bias: number,
    mean: number,
    rstd: number,
    channels: number,
    epsilon: number,
  ): void;
  batchNormStatistics_f32(
    moments: number,
    movingMean: number,
    movingVariance: number,
    bias: number,
    mean: number,
    rstd: number,
    newMovingMean: number,
    newMovingVariance: number,
    channels: number,
    replicas: number,
    epsilon: number,
    momentum: number,
  ): void;
  biasAdd_f32(x: number, bias: number, y: number, rows: number, channels: number): void;
  binary_f32(fn: number, a: number, b: number, y: number, size: number): void;
  binaryBroadcast_f32(
    fn: number,
    a: number,
    b: number,
    y: number,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    b0: number,
    b1: number,
    b2: number,
    b3: number,
  ): void;
  col2im_f32(
    patches: number,
    x: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    firstChannel: number,
    patchChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    dilationHeight: number,
    dilationWidth: number,
    outHeight: number,
    outWidth: number,
  ): void;
  columnSums_f32(x: number, y: number, rows: number, channels: number, scale: number): void;
  convDirect_f32(
    frame: number,
    packed: number,
    y: number,
    frameWidth: number,
    channels: number,
    filters: number,
    kernelHeight: number,
    run: number,
    strideHeight: number,
    strideWidth: number,
    outHeight: number,
    outWidth: number,
    accumulate: number,
  ): void;
  convDirectFilterGradient_f32(
    frame: number,
    dy: number,
    dw: number,
    frameWidth: number,
    channels: number,
    filters: number,
    kernelHeight: number,
    run: number,
    strideHeight: number,
    strideWidth: number,
    outHeight: number,
    outWidth: number,
  ): void;
  copyColumns_f32(
    source: number,
    sourceStride: number,
    target: number,
    targetStride: number,
    rows: number,
    columns: number,
  ): void;
  crossentropy_f32(
    probabilities: number,
    labels: number,
    loss: number,
    rows: number,
    classes: number,
    sparse: number,
  ): void;
  crossentropyGradient_f32(
    probabilities: number,
    labels: number,
    dloss: number,
    dprobabilities: number,
    rows: number,
    classes: number,
    sparse: number,
  ): void;
  dropout_f32(
    x: number,
    y: number,
    size: number,
    scale: number,
    threshold: number,
    offset: number,
    step: number,
    stream: number,
    key0: number,
    key1: number,
  ): void;
  uniform_f32(
    y: number,
    size: number,
    limit: number,
    stream0: number,
    stream1: number,
    key0: number,
    key1: number,
  ): void;
  fill_f32(y: number, size: number, value: number): void;
  spreadScalar_f32(x: number, y: number, size: number, scale: number): void;
  flipKernel_f32(w: number, flipped: number, taps: number, channels: number, filters: number): void;
  gemm_f32(
    transposeA: number,
    transposeB: number,
    accumulate: number,
    m: number,
    n: number,
    k: number,
    a: number,
    b: number,
    c: number,
    scratch: number,
  ): void;
  gemmScratchBytes(): number;
  frameImage_f32(
    x: number,
    frame: number,
    height: number,
    width: number,
    channels: number,
    top: number,
    left: number,
    frameHeight: number,
    frameWidth: number,
  ): void;
  im2col_f32(
    x: number,
    patches: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    firstChannel: number,
    patchChannels: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    dilationHeight: number,
    dilationWidth: number,
    outHeight: number,
    outWidth: number,
  ): void;
  clip_f32(x: number, size: number, limit: number): void;
  takeMean_f32(g: number, a: number, count: number, steps: number): void;
  movingAverage_f32(
    w: number,
    average: number,
    count: number,
    momentum: number,
    rest: number,
    overwrite: number,
  ): void;
  squaredSum_f32(x: number, y: number, size: number): void;
  lambMoments_f32(
    w: number,
    g: number,
    m: number,
    v: number,
    ofWeights: number,
    ofDirections: number,
    count: number,
    rest1: number,
    rest2: number,
    correction1: number,
    correction2: number,
    epsilon: number,
    decay: number,
  ): void;
  lamb_f32(
    w: number,
    m: number,
    v: number,
    count: number,
    rate: number,
    correction1: number,
    correction2: number,
    epsilon: number,
    decay: number,
  ): void;
  lion_f32(
    w: number,
    g: number,
    m: number,
    count: number,
    rate: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    decay: number,
  ): void;
  maxPool_f32(
    x: number,
    y: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    poolHeight: number,
    poolWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    outHeight: number,
    outWidth: number,
  ): void;
  maxPoolGradient_f32(
    x: number,
    y: number,
    dy: number,
    dx: number,
    batch: number,
    height: number,
    width: number,
    channels: number,
    poolHeight: number,
    poolWidth: number,
    strideHeight: number,
    strideWidth: number,
    padTop: number,
    padLeft: number,
    outHeight: number,
    outWidth: number,
  ): void;
  reduceSum_f32(
    x: number,
    y: number,
    outer: number,
    count: number,
    inner: number,
    scale: number,
  ): void;
  regularization_f32(
    w: number,
    y: number,
    size: number,
    l1: number,
    l2: number,
    scale: number,
  ): void;
  regularizationGradient_f32(
    w: number,
    dloss: number,
    dw: number,
    size: number,
    l1: number,
    l2: number,
    scale: number,
  ): void;
  packFilters_f32(w: number, packed: number, rows: number, filters: number): void;
  rmsprop_f32(
    w: number,
    g: number,
    v: number,
    m: number,
    a: number,
    count: number,
    rate: number,
    rho: number,
    rest: number,
    momentum: number,
    epsilon: number,
    decay: number,
  ): void;
  putNumber(index: number, value: number): void;
  sgd_f32(w: number, g: number, count: number, rate: number, decay: number): void;
  sgdMomentum_f32(
    w: number,
    g: number,
    m: number,
    count: number,
    rate: number,
    momentum: number,
    nesterov: number,
    decay: number,
  ): void;
  softmax_f32(x: number, y: number, rows: number, channels: number): void;
  softmaxGradient_f32(y: number, dy: number, dx: number, rows: number, channels: number): void;
  softmaxCrossentropy_f32(
    logits: number,
    labels: number,
    loss: number,
    rows: number,
    classes: number,
    sparse: number,
  ): void;
  softmaxCrossentropyGradient_f32(
    logits: number,
    labels: number,
    dloss: number,
    dlogits: number,
    rows: number,
    classes: number,
    sparse: number,
  ): void;
  clear_f32(y: number, size: number): void;
  stridedCopy_f32(
    x: number,
    y: number,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
    t0: number,
    t1: number,
    t2: number,
    t3: number,
  ): void;
  swapRows_f32(source: number, target: number, outer: number, inner: number, depth: number): void;
  topKHits_f32(
    predictions: number,
    labels: number,
    hits: number,
    rows: number,
    classes: number,
    sparse: number,
    k: number,
  ): void;
  totalSum_f32(x: number, y: number, size: number, scale: number): void;
  transformTile_f32(
    rowMap: number,
    columnMap: number,
    source: number,
    firstRow: number,
    rows: number,
    firstColumn: number,
    columns: number,
    sourceRow: number,
    sourceColumn: number,
    sourceImage: number,
    target: number,
    outRows: number,
    outColumns: number,
    targetRow: number,
    targetColumn: number,
    targetImage: number,
    addend: number,
    images: number,
    length: number,
  ): void;
  unary_f32(fn: number, x: number, y: number, size: number): void;
  unaryGradient_f32(fn: number, x: number, y: number, dy: number, dx: number, size: number): void;
  watchAfter_f32(w: number, copy: number, count: number): number;
  watchBefore_f32(w: number, g: number, copy: number, figures: number, count: number): void;
}

/** The compiled kernels, which can be sent to workers. */
export interface KernelModules {
  /** All of them. */
  readonly all: WebAssembly.Module;
  /**
   * Those that multiply and add in one instruction and round once, instead of the ones in `all`; null where
   * the engine has no relaxed SIMD.
   */
  readonly fused: WebAssembly.Module | null;
}

let compiled: KernelModules | undefined;

/** The kernels, compiled at the first call. */
export function compileKernels(): KernelModules {
  compiled ??= { all: new WebAssembly.Module(decode(kernelsWasmBase64)), fused: compileFused() };
  return compiled;
}

function compileFused(): WebAssembly.Module | null {
  const bytes = decode(fusedKernelsWasmBase64);
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * The kernels over a replica's memory, whose bytes below `KERNEL_BYTES` they own from then on.
 * @param memory a plain memory of at least one page.
 */
export function instantiateKernels(
  { all, fused }: KernelModules,
  memory: WebAssembly.Memory,
): KernelExports {
  const exportsOf = (module: WebAssembly.Module) =>
    new WebAssembly.Instance(module, { env: { memory } }).exports;
  const kernels = { ...exportsOf(all), ...(fused && exportsOf(fused)) };
  return kernels as unknown as KernelExports;
}
