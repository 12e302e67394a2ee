import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';
import { kernelSpecs } from '../plan/kernel-spec.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface MatmulAttributes {
  transposeA: boolean;
  transposeB: boolean;
}

function dimensions(a: Shape, b: Shape, { transposeA, transposeB }: MatmulAttributes) {
  const [m, k] = transposeA ? [a[1], a[0]] : [a[0], a[1]];
  const [inner, n] = transposeB ? [b[1], b[0]] : [b[0], b[1]];
  return { m, n, k, inner };
}

/** c `[m, n]` = op(a) · op(b) for matrices. */
export const matmulOp: OpDefinition<MatmulAttributes> = {
  name: 'matmul',
  infer({ a, b }, attributes) {
    const { m, n, k, inner } = dimensions(a, b, attributes);
    if (a.length !== 2 || b.length !== 2 || k !== inner) {
      throw new ShapeError(
        `cannot multiply matrices of shapes ${formatShape(a)} and ${formatShape(b)}; the inner sizes must agree (flatten an image first)`,
      );
    }
    return { c: [m, n] };
  },
  gradient({ inputs: { a, b }, douts, attributes: { transposeA, transposeB }, needs }) {
    const dc = douts.c as Value;
    return {
      a: !needs('a')
        ? undefined
        : transposeA
          ? matmul(b, dc, { transposeA: transposeB, transposeB: true })
          : matmul(dc, b, { transposeB: !transposeB }),
      b: !needs('b')
        ? undefined
        : transposeB
          ? matmul(dc, a, { transposeA: true, transposeB: transposeA })
          : matmul(a, dc, { transposeA: !transposeA }),
    };
  },
  flops({ a, b }, attributes) {
    return kernelSpecs.matmul.flops({ ...dimensions(a, b, attributes), ...attributes });
  },
  lower(scope) {
    const { m, n, k } = dimensions(scope.inputs.a.shape, scope.inputs.b.shape, scope.attributes);
    lowerToKernel(scope, 'matmul', { m, n, k, ...scope.attributes });
  },
};

/** op(a) · op(b), where a flag transposes an operand. */
export function matmul(a: Value, b: Value, transpose: Partial<MatmulAttributes> = {}): Value {
  const attributes = { transposeA: false, transposeB: false, ...transpose };
  return a.graph.add(matmulOp, { a, b }, attributes).c;
}
