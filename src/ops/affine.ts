import { sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface AffineAttributes {
  scale: number;
  offset: number;
}

/** y = scale · x + offset, with constant numbers. */
export const affineOp: OpDefinition<AffineAttributes> = {
  name: 'affine',
  infer: ({ x }) => ({ y: x }),
  gradient({ graph, douts, attributes }) {
    return { x: graph.add(affineOp, { x: douts.y }, { scale: attributes.scale, offset: 0 }).y };
  },
  lower(scope) {
    lowerToKernel(scope, 'affine', { ...scope.attributes, size: sizeOf(scope.inputs.x.shape) });
  },
};

/** scale · x + offset, elementwise; `affine(x, 1)` is a copy. */
export function affine(x: Value, scale: number, offset = 0): Value {
  return x.graph.add(affineOp, { x }, { scale, offset }).y;
}
