import { affine } from '../../ops/affine.js';
import { multiply } from '../../ops/binary.js';
import { fill } from '../../ops/fill.js';
import type { Value } from '../../ops/ir.js';
import { exp, log, square } from '../../ops/unary.js';

/** x^exponent, elementwise, for x > 0; small whole exponents do without logarithms and take any x. */
export function power(x: Value, exponent: number): Value {
  if (exponent === 0) return fill(x.graph, x.shape, 1);
  if (exponent === 1) return x;
  if (exponent === 2) return square(x);
  if (exponent === 3) return multiply(square(x), x);
  return exp(affine(log(x), exponent));
}
