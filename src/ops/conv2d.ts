import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';
import {
  type ConvDirection,
  type ConvGeometry,
  chooseConvAlgorithm,
  convFlops,
  convWorkspaceSize,
} from '../plan/conv-workspace.js';
import {
  type LoweringScope,
  lowerToKernel,
  type OpDefinition,
  requireRank,
  type Value,
} from './ir.js';
import { type Padding, type Pads, placeWindow } from './window.js';

/** Options of a convolution; pairs are [height, width]. */
export interface Conv2dOptions {
  strides: readonly [number, number];
  padding: Padding | Pads;
  dilation: readonly [number, number];
  groups: number;
}

interface Conv2dGradientOptions extends Conv2dOptions {
  /** Shape of the array whose gradient is computed. */
  target: Shape;
}

function geometry(x: Shape, w: Shape, options: Conv2dOptions): ConvGeometry {
  requireRank(x, 4, 'a 2D convolution');
  const [batch, height, width, channels] = x;
  const [kernelHeight, kernelWidth, groupChannels, filters] = w;
  const { strides, dilation, groups } = options;
  if (groupChannels * groups !== channels || filters % groups !== 0) {
    throw new ShapeError(
      `a kernel of shape ${formatShape(w)} in ${groups} group(s) does not fit an input of shape ${formatShape(x)}; channels and filters must be divisible by the groups`,
    );
  }
  const size = [kernelHeight, kernelWidth] as const;
  const window = { size, strides, dilation, padding: options.padding };
  return {
    batch,
    height,
    width,
    channels,
    filters,
    kernelHeight,
    kernelWidth,
    strideHeight: strides[0],
    strideWidth: strides[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    groups,
    ...placeWindow(x, window, 'a 2D convolution'),
  };
}

const KERNELS = {
  forward: 'conv2d',
  inputGradient: 'conv2dInputGradient',
  filterGradient: 'conv2dFilterGradient',
} as const;

function lowerConvolution(
  scope: LoweringScope<Conv2dOptions>,
  direction: ConvDirection,
  x: Shape,
  w: Shape,
): void {
  const shape = geometry(x, w, scope.attributes);
  const attributes = { ...shape, ...chooseConvAlgorithm(shape, scope.choice) };
  lowerToKernel(scope, KERNELS[direction], attributes, convWorkspaceSize(attributes, direction));
}

/** y `[N, H', W', O]` from x `[N, H, W, C]` and w `[h, w, C / groups, O]`. */
export const conv2dOp: OpDefinition<Conv2dOptions> = {
  name: 'conv2d',
  infer({ x, w }, options) {
    const { batch, outHeight, outWidth, filters } = geometry(x, w, options);
    return { y: [batch, outHeight, outWidth, filters] };
  },
  gradient({ graph, inputs: { x, w }, douts: { y: dy }, attributes, needs }) {
    const dx = needs('x')
      ? graph.add(conv2dInputGradientOp, { dy, w }, { ...attributes, target: x.shape }).dx
      : undefined;
    const dw = needs('w')
      ? graph.add(conv2dFilterGradientOp, { x, dy }, { ...attributes, target: w.shape }).dw
      : undefined;
    return { x: dx, w: dw };
  },
  flops: ({ x, w }, options) => convFlops(geometry(x, w, options)),
  lower(scope) {
    lowerConvolution(scope, 'forward', scope.inputs.x.shape, scope.inputs.w.shape);
  },
};

const conv2dInputGradientOp: OpDefinition<Conv2dGradientOptions> = {
  name: 'conv2dInputGradient',
  accumulator: { input: 'accumulator', output: 'dx' },
  infer: (_, { target }) => ({ dx: target }),
  flops: ({ w }, options) => convFlops(geometry(options.target, w, options)),
  lower(scope) {
    lowerConvolution(scope, 'inputGradient', scope.attributes.target, scope.inputs.w.shape);
  },
};

const conv2dFilterGradientOp: OpDefinition<Conv2dGradientOptions> = {
  name: 'conv2dFilterGradient',
  infer: (_, { target }) => ({ dw: target }),
  flops: ({ x }, options) => convFlops(geometry(x, options.target, options)),
  lower(scope) {
    lowerConvolution(scope, 'filterGradient', scope.inputs.x.shape, scope.attributes.target);
  },
};

/** 2D convolution of x `[N, H, W, C]` with w `[h, w, C / groups, O]`, without a bias. */
export function conv2d(x: Value, w: Value, options: Partial<Conv2dOptions> = {}): Value {
  const attributes: Conv2dOptions = {
    strides: [1, 1],
    padding: 'valid',
    dilation: [1, 1],
    groups: 1,
    ...options,
  };
  return x.graph.add(conv2dOp, { x, w }, attributes).y;
}
