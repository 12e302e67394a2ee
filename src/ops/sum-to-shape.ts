import type { Shape } from '../core/shape.js';
import { sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface SumToAttributes {
  axis: number;
}

/** y sums x over one axis and keeps the axis: the gradient of repeating along it. */
const sumAxisOp: OpDefinition<SumToAttributes> = {
  name: 'sumAxis',
  infer: ({ x }, { axis }) => ({ y: x.map((d, i) => (i === axis ? 1 : d)) }),
  lower(scope) {
    const { shape } = scope.inputs.x;
    const { axis } = scope.attributes;
    lowerToKernel(scope, 'reduceSum', {
      outer: sizeOf(shape.slice(0, axis)),
      count: shape[axis],
      inner: sizeOf(shape.slice(axis + 1)),
      scale: 1,
    });
  },
};

/** Sums x over the axes where `shape` has size 1: the gradient of broadcasting from that shape. */
export function sumToShape(x: Value, shape: Shape): Value {
  let y = x;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 1 && y.shape[axis] !== 1) {
      y = y.graph.add(sumAxisOp, { x: y }, { axis }).y;
    }
  }
  return y;
}
