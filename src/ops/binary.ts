import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import type { BinaryFunction } from '../plan/kernels.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';
import { repeatingStrides, toRank4 } from './strided.js';
import { sumToShape } from './sum-to-shape.js';
import { negate, relu, square } from './unary.js';

interface BinaryAttributes {
  fn: BinaryFunction;
}

function broadcastShape(a: Shape, b: Shape, fn: BinaryFunction): Shape {
  const fits = a.length === b.length && a.every((d, i) => d === b[i] || d === 1 || b[i] === 1);
  if (!fits) {
    throw new ShapeError(
      `cannot ${fn} arrays of shapes ${formatShape(a)} and ${formatShape(b)}; their axes must be equal, or 1 where one is repeated`,
    );
  }
  return a.map((d, i) => (d === 1 ? b[i] : d));
}

/** y = fn(a, b), elementwise; an operand of size 1 along an axis is repeated there. */
export const binaryOp: OpDefinition<BinaryAttributes> = {
  name: 'binary',
  infer: ({ a, b }, { fn }) => ({ y: broadcastShape(a, b, fn) }),
  gradient({ inputs: { a, b }, douts, attributes: { fn }, needs }) {
    const dy = douts.y as Value;
    const rule = gradientRules[fn];
    const side = (input: Value, name: 'a' | 'b') =>
      needs(name) ? sumToShape(rule[name](dy, a, b), input.shape) : undefined;
    return { a: side(a, 'a'), b: side(b, 'b') };
  },
  lower(scope) {
    const { a, b } = scope.inputs;
    const { y } = scope.outputs;
    const { fn } = scope.attributes;
    if (sameShape(a.shape, b.shape)) {
      lowerToKernel(scope, 'binary', { fn, size: sizeOf(y.shape) });
      return;
    }
    lowerToKernel(scope, 'binaryBroadcast', {
      fn,
      shape: toRank4(y.shape),
      stridesA: repeatingStrides(toRank4(a.shape)),
      stridesB: repeatingStrides(toRank4(b.shape)),
    });
  },
};

type SideRule = (dy: Value, a: Value, b: Value) => Value;

const gradientRules: Record<BinaryFunction, { a: SideRule; b: SideRule }> = {
  add: { a: (dy) => dy, b: (dy) => dy },
  subtract: { a: (dy) => dy, b: (dy) => negate(dy) },
  multiply: { a: (dy, _, b) => multiply(dy, b), b: (dy, a) => multiply(dy, a) },
  divide: {
    a: (dy, _, b) => divide(dy, b),
    b: (dy, a, b) => negate(divide(multiply(dy, a), square(b))),
  },
};

function binary(fn: BinaryFunction, a: Value, b: Value): Value {
  return a.graph.add(binaryOp, { a, b }, { fn }).y;
}

/** a + b, elementwise; axes of size 1 are repeated. */
export const add = (a: Value, b: Value): Value => binary('add', a, b);
/** a − b, elementwise; axes of size 1 are repeated. */
export const subtract = (a: Value, b: Value): Value => binary('subtract', a, b);
/** a · b, elementwise; axes of size 1 are repeated. */
export const multiply = (a: Value, b: Value): Value => binary('multiply', a, b);
/** a / b, elementwise; axes of size 1 are repeated. */
export const divide = (a: Value, b: Value): Value => binary('divide', a, b);
/** The larger of a and b, elementwise, as b + relu(a − b). */
export const maximum = (a: Value, b: Value): Value => add(b, relu(subtract(a, b)));
/** The smaller of a and b, elementwise, as a − relu(a − b). */
export const minimum = (a: Value, b: Value): Value => subtract(a, relu(subtract(a, b)));
