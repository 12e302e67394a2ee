import { sizeOf } from '../core/shape.js';
import type { UnaryFunction } from '../plan/kernels.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface UnaryAttributes {
  fn: UnaryFunction;
}

/** y = fn(x), elementwise. */
export const unaryOp: OpDefinition<UnaryAttributes> = {
  name: 'unary',
  infer: ({ x }) => ({ y: x }),
  gradient({ graph, inputs, outputs, douts, attributes }) {
    const operands = { x: inputs.x, y: outputs.y, dy: douts.y };
    return { x: graph.add(unaryGradientOp, operands, attributes).dx };
  },
  lower(scope) {
    lowerToKernel(scope, 'unary', { ...scope.attributes, size: sizeOf(scope.inputs.x.shape) });
  },
};

const unaryGradientOp: OpDefinition<UnaryAttributes> = {
  name: 'unaryGradient',
  infer: ({ x }) => ({ dx: x }),
  lower(scope) {
    lowerToKernel(scope, 'unaryGradient', {
      ...scope.attributes,
      size: sizeOf(scope.inputs.x.shape),
    });
  },
};

/** y = fn(x) for one of the elementwise functions that kernels know. */
export function unary(fn: UnaryFunction, x: Value): Value {
  return x.graph.add(unaryOp, { x }, { fn }).y;
}

/** max(x, 0), elementwise; its gradient at 0 is 0. */
export const relu = (x: Value): Value => unary('relu', x);
/** 1 / (1 + e⁻ˣ), elementwise. */
export const sigmoid = (x: Value): Value => unary('sigmoid', x);
/** Hyperbolic tangent, elementwise. */
export const tanh = (x: Value): Value => unary('tanh', x);
/** eˣ, elementwise. */
export const exp = (x: Value): Value => unary('exp', x);
/** Natural logarithm, elementwise. */
export const log = (x: Value): Value => unary('log', x);
/** Square root, elementwise. */
export const sqrt = (x: Value): Value => unary('sqrt', x);
/** x², elementwise. */
export const square = (x: Value): Value => unary('square', x);
/** |x|, elementwise; its gradient at 0 is 0. */
export const abs = (x: Value): Value => unary('abs', x);
/** −x, elementwise. */
export const negate = (x: Value): Value => unary('negate', x);
