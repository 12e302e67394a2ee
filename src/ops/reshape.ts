import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import type { OpDefinition, Value } from './ir.js';

interface ReshapeAttributes {
  shape: Shape;
}

/** The same elements under another shape; costs nothing. */
export const reshapeOp: OpDefinition<ReshapeAttributes> = {
  name: 'reshape',
  view: true,
  infer({ x }, { shape }) {
    if (sizeOf(x) !== sizeOf(shape)) {
      throw new ShapeError(
        `cannot reshape ${formatShape(x)} (${sizeOf(x)} elements) to ${formatShape(shape)} (${sizeOf(shape)})`,
      );
    }
    return { y: shape };
  },
  gradient({ inputs: { x }, douts }) {
    return { x: reshape(douts.y as Value, x.shape) };
  },
  lower: (scope) => scope.view(scope.outputs.y, scope.inputs.x),
};

/** x with another full shape, the batch included. */
export function reshape(x: Value, shape: Shape): Value {
  return x.graph.add(reshapeOp, { x }, { shape }).y;
}

/** x `[N, ...]` as a matrix `[N, features]`. */
export function flatten(x: Value): Value {
  return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
}
