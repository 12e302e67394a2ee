import { type Shape, sizeOf } from '../../core/shape.js';

/**
 * A copy with its axes in another order: axis i of the result is axis `axes[i]` of the source.
 * @param data values, row-major. @param shape of the source. @param axes each axis once.
 */
export function permuteAxes(
  data: ArrayLike<number>,
  shape: Shape,
  axes: readonly number[],
): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const result = new Float32Array(sizeOf(shape));
  const rank = axes.length;
  const index = new Array<number>(rank).fill(0);
  let source = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[source];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const stride = strides[axes[axis]];
      source += stride;
      if (++index[axis] < shape[axes[axis]]) break;
      source -= stride * index[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** The order that undoes `axes`. */
export function inverseAxes(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}
