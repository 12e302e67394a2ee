import { sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface RegularizationAttributes {
  l1: number;
  l2: number;
}

/**
 * y `[1]` = l1 · Σ|w| + l2 · Σw². Weights are the same on every replica, so only the first replica
 * counts them: the sum over replicas is the penalty, once.
 */
export const regularizationOp: OpDefinition<RegularizationAttributes> = {
  name: 'regularization',
  infer: () => ({ y: [1] }),
  gradient({ graph, inputs: { w }, douts, attributes }) {
    return { w: graph.add(regularizationGradientOp, { w, dloss: douts.y }, attributes).dw };
  },
  lower(scope) {
    const scale = scope.share.replica === 0 ? 1 : 0;
    const size = sizeOf(scope.inputs.w.shape);
    lowerToKernel(scope, 'regularization', { ...scope.attributes, size, scale });
  },
};

const regularizationGradientOp: OpDefinition<RegularizationAttributes> = {
  name: 'regularizationGradient',
  infer: ({ w }) => ({ dw: w }),
  lower(scope) {
    const scale = scope.share.replica === 0 ? 1 : 0;
    const size = sizeOf(scope.inputs.w.shape);
    lowerToKernel(scope, 'regularizationGradient', { ...scope.attributes, size, scale });
  },
};

/** The penalty of a weight as an array of one element. */
export function regularization(w: Value, l1: number, l2: number): Value {
  return w.graph.add(regularizationOp, { w }, { l1, l2 }).y;
}
