import type { Shape } from '../core/shape.js';
import type { Pool2dAttributes } from '../plan/kernels.js';
import { lowerToKernel, type OpDefinition, requireRank, type Value } from './ir.js';
import { type Padding, placeWindow } from './window.js';

/** Options of a pooling window; pairs are [height, width]. */
export interface Pool2dOptions {
  poolSize: readonly [number, number];
  strides: readonly [number, number];
  padding: Padding;
}

interface Pool2dGradientOptions extends Pool2dOptions {
  target: Shape;
}

function geometry(x: Shape, { poolSize, strides, padding }: Pool2dOptions): Pool2dAttributes {
  requireRank(x, 4, '2D pooling');
  const [batch, height, width, channels] = x;
  const window = { size: poolSize, strides, dilation: [1, 1] as const, padding };
  return {
    batch,
    height,
    width,
    channels,
    poolHeight: poolSize[0],
    poolWidth: poolSize[1],
    strideHeight: strides[0],
    strideWidth: strides[1],
    ...placeWindow(x, window, '2D pooling'),
  };
}

function outputShape(x: Shape, options: Pool2dOptions): Shape {
  const { batch, outHeight, outWidth, channels } = geometry(x, options);
  return [batch, outHeight, outWidth, channels];
}

/** The largest value of each window and channel. */
export const maxPoolOp: OpDefinition<Pool2dOptions> = {
  name: 'maxPool',
  infer: ({ x }, options) => ({ y: outputShape(x, options) }),
  gradient({ graph, inputs: { x }, outputs: { y }, douts, attributes }) {
    const options = { ...attributes, target: x.shape };
    return { x: graph.add(maxPoolGradientOp, { x, y, dy: douts.y }, options).dx };
  },
  lower(scope) {
    lowerToKernel(scope, 'maxPool', geometry(scope.inputs.x.shape, scope.attributes));
  },
};

const maxPoolGradientOp: OpDefinition<Pool2dGradientOptions> = {
  name: 'maxPoolGradient',
  infer: (_, { target }) => ({ dx: target }),
  lower(scope) {
    lowerToKernel(scope, 'maxPoolGradient', geometry(scope.attributes.target, scope.attributes));
  },
};

/** The mean of each window and channel; padding is not counted, as in TensorFlow. */
export const averagePoolOp: OpDefinition<Pool2dOptions> = {
  name: 'averagePool',
  infer: ({ x }, options) => ({ y: outputShape(x, options) }),
  gradient({ graph, inputs: { x }, douts, attributes }) {
    const options = { ...attributes, target: x.shape };
    return { x: graph.add(averagePoolGradientOp, { dy: douts.y }, options).dx };
  },
  lower(scope) {
    lowerToKernel(scope, 'averagePool', geometry(scope.inputs.x.shape, scope.attributes));
  },
};

const averagePoolGradientOp: OpDefinition<Pool2dGradientOptions> = {
  name: 'averagePoolGradient',
  infer: (_, { target }) => ({ dx: target }),
  lower(scope) {
    lowerToKernel(
      scope,
      'averagePoolGradient',
      geometry(scope.attributes.target, scope.attributes),
    );
  },
};

/** Max pooling of x `[N, H, W, C]`. */
export function maxPool(x: Value, options: Pool2dOptions): Value {
  return x.graph.add(maxPoolOp, { x }, options).y;
}

/** Average pooling of x `[N, H, W, C]`. */
export function averagePool(x: Value, options: Pool2dOptions): Value {
  return x.graph.add(averagePoolOp, { x }, options).y;
}
