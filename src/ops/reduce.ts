import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import { affine } from './affine.js';
import { broadcastTo } from './broadcast-to.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';
import { reshape } from './reshape.js';

interface ReduceAttributes {
  /** First and last reduced axis; the axes between them are reduced too. */
  from: number;
  to: number;
  keepDims: boolean;
  scale: number;
}

function reducedShape(x: Shape, { from, to, keepDims }: ReduceAttributes): Shape {
  if (from < 0 || to >= x.length || from > to) {
    throw new ShapeError(
      `cannot reduce axes ${from} to ${to} of an array of shape ${formatShape(x)}`,
    );
  }
  const kept = keepDims ? x.slice(from, to + 1).map(() => 1) : [];
  return [...x.slice(0, from), ...kept, ...x.slice(to + 1)];
}

/** y = scale · sum of x over a run of neighbouring axes. */
export const reduceOp: OpDefinition<ReduceAttributes> = {
  name: 'reduceSum',
  infer: ({ x }, attributes) => ({ y: reducedShape(x, attributes) }),
  gradient({ inputs: { x }, douts, attributes }) {
    const kept = reducedShape(x.shape, { ...attributes, keepDims: true });
    const dy = reshape(affine(douts.y as Value, attributes.scale), kept);
    return { x: broadcastTo(dy, x.shape) };
  },
  lower(scope) {
    const { shape } = scope.inputs.x;
    const { from, to, scale } = scope.attributes;
    lowerToKernel(scope, 'reduceSum', {
      outer: sizeOf(shape.slice(0, from)),
      count: sizeOf(shape.slice(from, to + 1)),
      inner: sizeOf(shape.slice(to + 1)),
      scale,
    });
  },
};

function reduce(x: Value, axes: readonly number[], keepDims: boolean, mean: boolean): Value {
  const rank = x.shape.length;
  const sorted = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (sorted.some((axis, i) => i > 0 && axis !== sorted[i - 1] + 1)) {
    throw new ShapeError(
      `reduced axes must be neighbours, got [${axes.join(', ')}]; reduce them in turn`,
    );
  }
  const [from, to] = [sorted[0], sorted[sorted.length - 1]];
  const scale = mean ? 1 / sizeOf(x.shape.slice(from, to + 1)) : 1;
  return x.graph.add(reduceOp, { x }, { from, to, keepDims, scale }).y;
}

/** Sum over neighbouring axes (negative axes count from the end). */
export function sum(x: Value, axes: readonly number[], keepDims = false): Value {
  return reduce(x, axes, keepDims, false);
}

/** Mean over neighbouring axes (negative axes count from the end). */
export function mean(x: Value, axes: readonly number[], keepDims = false): Value {
  return reduce(x, axes, keepDims, true);
}
