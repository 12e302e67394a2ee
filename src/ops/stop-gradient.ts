import type { OpDefinition, Value } from './ir.js';

/** y = x, through which no gradient passes; costs nothing. */
export const stopGradientOp: OpDefinition<undefined> = {
  name: 'stopGradient',
  view: true,
  infer: ({ x }) => ({ y: x }),
  gradient: () => ({}),
  lower: (scope) => scope.view(scope.outputs.y, scope.inputs.x),
};

/** x itself as a constant: the gradient of the result is not passed on to x. */
export function stopGradient(x: Value): Value {
  return x.graph.add(stopGradientOp, { x }, undefined).y;
}
