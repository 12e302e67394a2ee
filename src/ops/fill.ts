import { type Shape, sizeOf } from '../core/shape.js';
import { type IrGraph, lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface FillAttributes {
  shape: Shape;
  value: number;
}

/** y = a constant everywhere. */
export const fillOp: OpDefinition<FillAttributes> = {
  name: 'fill',
  infer: (_, { shape }) => ({ y: shape }),
  lower(scope) {
    const { shape, value } = scope.attributes;
    lowerToKernel(scope, 'fill', { size: sizeOf(shape), value });
  },
};

/** An array that holds `value` everywhere. */
export function fill(graph: IrGraph, shape: Shape, value: number): Value {
  return graph.add(fillOp, {}, { shape, value }).y;
}
