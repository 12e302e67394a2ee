import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';
import { contiguousStrides, repeatingStrides, toRank4 } from './strided.js';
import { sumToShape } from './sum-to-shape.js';

interface BroadcastAttributes {
  shape: Shape;
}

/** y repeats x along the axes where x has size 1. */
export const broadcastToOp: OpDefinition<BroadcastAttributes> = {
  name: 'broadcastTo',
  infer({ x }, { shape }) {
    if (x.length !== shape.length || x.some((d, axis) => d !== 1 && d !== shape[axis])) {
      throw new ShapeError(`cannot broadcast ${formatShape(x)} to ${formatShape(shape)}`);
    }
    return { y: shape };
  },
  gradient({ inputs: { x }, douts }) {
    return { x: sumToShape(douts.y as Value, x.shape) };
  },
  lower(scope) {
    const shape = toRank4(scope.attributes.shape);
    lowerToKernel(scope, 'stridedCopy', {
      shape,
      sourceOffset: 0,
      sourceStrides: repeatingStrides(toRank4(scope.inputs.x.shape)),
      targetOffset: 0,
      targetStrides: contiguousStrides(shape),
      targetSize: sizeOf(shape),
      clear: false,
    });
  },
};

/** x repeated along its axes of size 1 up to `shape`; x itself when it has that shape already. */
export function broadcastTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  return x.graph.add(broadcastToOp, { x }, { shape }).y;
}
