import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';
import { chooseConvAlgorithm, convWorkspaceSize } from '../plan/conv-workspace.js';
import { kernelSpecs } from '../plan/kernel-spec.js';
import type { Conv2dAttributes } from '../plan/kernels.js';
import { lowerToKernel, type OpDefinition, requireRank, type Value } from './ir.js';
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

function geometry(x: Shape, w: Shape, options: Conv2dOptions): Conv2dAttributes {
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
  const shape = {
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
  return { ...shape, ...chooseConvAlgorithm(shape) };
}

function convFlops(x: Shape, w: Shape, options: Conv2dOptions): number {
  return kernelSpecs.conv2d.flops(geometry(x, w, options));
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
  flops: ({ x, w }, options) => convFlops(x, w, options),
  lower(scope) {
    const attributes = geometry(scope.inputs.x.shape, scope.inputs.w.shape, scope.attributes);
    lowerToKernel(scope, 'conv2d', attributes, convWorkspaceSize(attributes, 'forward'));
  },
};

const conv2dInputGradientOp: OpDefinition<Conv2dGradientOptions> = {
  name: 'conv2dInputGradient',
  accumulator: { input: 'accumulator', output: 'dx' },
  infer: (_, { target }) => ({ dx: target }),
  flops: ({ w }, options) => convFlops(options.target, w, options),
  lower(scope) {
    const attributes = geometry(scope.attributes.target, scope.inputs.w.shape, scope.attributes);
    const workspace = convWorkspaceSize(attributes, 'inputGradient');
    lowerToKernel(scope, 'conv2dInputGradient', attributes, workspace);
  },
};

const conv2dFilterGradientOp: OpDefinition<Conv2dGradientOptions> = {
  name: 'conv2dFilterGradient',
  infer: (_, { target }) => ({ dw: target }),
  flops: ({ x }, options) => convFlops(x, options.target, options),
  lower(scope) {
    const attributes = geometry(scope.inputs.x.shape, scope.attributes.target, scope.attributes);
    const workspace = convWorkspaceSize(attributes, 'filterGradient');
    lowerToKernel(scope, 'conv2dFilterGradient', attributes, workspace);
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
