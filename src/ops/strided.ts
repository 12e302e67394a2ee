import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';

/** Rank of the boxes that strided kernels walk. */
const RANK = 4;

/** The shape with leading axes of size 1 up to rank 4. */
export function toRank4(shape: Shape): number[] {
  if (shape.length > RANK) {
    throw new ShapeError(
      `arrays of at most ${RANK} axes are supported here, got ${formatShape(shape)}`,
    );
  }
  return [...Array.from({ length: RANK - shape.length }, () => 1), ...shape];
}

/** Elements from one index to the next along each axis of a contiguous array. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = Array.from({ length: shape.length }, () => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  }
  return strides;
}

/** Strides that repeat a rank-4 operand along the axes where it has size 1. */
export function repeatingStrides(operand: Shape): number[] {
  return contiguousStrides(operand).map((stride, axis) => (operand[axis] === 1 ? 0 : stride));
}
