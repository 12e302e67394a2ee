import { sizeOf } from '../core/shape.js';
import { batchOffset, lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface DropoutAttributes {
  rate: number;
  /** Number of the stream of random draws; each layer has its own. */
  stream: number;
}

/**
 * y = x / (1 − rate) where an element is kept, else 0. Which elements are kept follows from (seed, step,
 * stream, place in the whole batch), so the gradient draws the same mask again and nothing is stored.
 */
export const dropoutOp: OpDefinition<DropoutAttributes> = {
  name: 'dropout',
  infer: ({ x }) => ({ y: x }),
  gradient({ graph, douts, attributes }) {
    return { x: graph.add(dropoutOp, { x: douts.y }, attributes).y };
  },
  lower(scope) {
    const { shape } = scope.inputs.x;
    const offset = batchOffset(scope.share) * sizeOf(shape.slice(1));
    lowerToKernel(scope, 'dropout', { ...scope.attributes, size: sizeOf(shape), offset });
  },
};

/** Randomly zeroes a fraction `rate` of the elements and scales the others up. */
export function dropout(x: Value, rate: number, stream: number): Value {
  return x.graph.add(dropoutOp, { x }, { rate, stream }).y;
}
