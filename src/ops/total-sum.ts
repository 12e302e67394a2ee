import { type Shape, sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface TotalSumAttributes {
  scale: number;
}

/** y `[1]` = scale · Σ x. */
export const totalSumOp: OpDefinition<TotalSumAttributes> = {
  name: 'totalSum',
  infer: () => ({ y: [1] }),
  gradient({ graph, inputs: { x }, douts, attributes: { scale } }) {
    return { x: graph.add(spreadScalarOp, { x: douts.y }, { scale, shape: x.shape }).y };
  },
  lower(scope) {
    lowerToKernel(scope, 'totalSum', { ...scope.attributes, size: sizeOf(scope.inputs.x.shape) });
  },
};

const spreadScalarOp: OpDefinition<TotalSumAttributes & { shape: Shape }> = {
  name: 'spreadScalar',
  infer: (_, { shape }) => ({ y: shape }),
  lower(scope) {
    const { scale, shape } = scope.attributes;
    lowerToKernel(scope, 'spreadScalar', { scale, size: sizeOf(shape) });
  },
};

/** scale · Σ x as an array of one element; over a batch, this replica's part of the sum. */
export function totalSum(x: Value, scale: number): Value {
  return x.graph.add(totalSumOp, { x }, { scale }).y;
}
