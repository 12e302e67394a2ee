import { ShapeError } from '../core/errors.js';
import { formatShape } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, rowsAndChannels, type Value } from './ir.js';

/** y[..., c] = x[..., c] + bias[c]. */
export const biasAddOp: OpDefinition<null> = {
  name: 'biasAdd',
  infer({ x, bias }) {
    if (bias.length !== 1 || bias[0] !== x[x.length - 1]) {
      throw new ShapeError(
        `a bias of shape ${formatShape(bias)} does not fit the last axis of ${formatShape(x)}`,
      );
    }
    return { y: x };
  },
  gradient({ graph, douts, needs }) {
    const dbias = needs('bias') ? graph.add(columnSumsOp, { x: douts.y }, null).y : undefined;
    return { x: douts.y, bias: dbias };
  },
  lower(scope) {
    lowerToKernel(scope, 'biasAdd', rowsAndChannels(scope.inputs.x.shape));
  },
};

const columnSumsOp: OpDefinition<null> = {
  name: 'columnSums',
  infer: ({ x }) => ({ y: [x[x.length - 1]] }),
  lower(scope) {
    lowerToKernel(scope, 'columnSums', rowsAndChannels(scope.inputs.x.shape));
  },
};

/** Adds `bias [C]` along the last axis of x. */
export function biasAdd(x: Value, bias: Value): Value {
  return x.graph.add(biasAddOp, { x, bias }, null).y;
}
