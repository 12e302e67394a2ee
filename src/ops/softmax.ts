import { lowerToKernel, type OpDefinition, rowsAndChannels, type Value } from './ir.js';

/** Softmax over the last axis. */
export const softmaxOp: OpDefinition<null> = {
  name: 'softmax',
  infer: ({ x }) => ({ y: x }),
  gradient({ graph, outputs: { y }, douts }) {
    return { x: graph.add(softmaxGradientOp, { y, dy: douts.y }, null).dx };
  },
  lower(scope) {
    lowerToKernel(scope, 'softmax', rowsAndChannels(scope.inputs.x.shape));
  },
};

const softmaxGradientOp: OpDefinition<null> = {
  name: 'softmaxGradient',
  infer: ({ y }) => ({ dx: y }),
  lower(scope) {
    lowerToKernel(scope, 'softmaxGradient', rowsAndChannels(scope.inputs.y.shape));
  },
};

/** e^x / Σ e^x over the last axis. */
export function softmax(x: Value): Value {
  return x.graph.add(softmaxOp, { x }, null).y;
}
