import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import { sliceOp } from './box-copy.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface ConcatenateAttributes {
  axis: number;
}

function parts<T>(inputs: Readonly<Record<string, T>>): T[] {
  return Object.keys(inputs).map((_, i) => inputs[`x${i}`]);
}

/** y = x0, x1, … one after the other along an axis. */
export const concatenateOp: OpDefinition<ConcatenateAttributes> = {
  name: 'concatenate',
  infer(inputs, { axis }) {
    const shapes: Shape[] = parts(inputs);
    const [first] = shapes;
    for (const shape of shapes) {
      const fits =
        shape.length === first.length && shape.every((d, i) => i === axis || d === first[i]);
      if (!fits || axis < 1 || axis >= first.length) {
        throw new ShapeError(
          `cannot concatenate ${shapes.map(formatShape).join(' and ')} along axis ${axis}; all other axes must be equal`,
        );
      }
    }
    const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
    return { y: first.map((d, i) => (i === axis ? total : d)) };
  },
  gradient({ graph, inputs, douts, attributes: { axis }, needs }) {
    const gradients: Record<string, Value | undefined> = {};
    let offset = 0;
    parts(inputs).forEach((part, i) => {
      if (needs(`x${i}`)) {
        const box = {
          begin: part.shape.map((_, j) => (j === axis ? offset : 0)),
          size: part.shape,
          strides: part.shape.map(() => 1),
        };
        gradients[`x${i}`] = graph.add(sliceOp, { x: douts.y }, box).y;
      }
      offset += part.shape[axis];
    });
    return gradients;
  },
  lower(scope) {
    const values = parts(scope.inputs);
    const { axis } = scope.attributes;
    lowerToKernel(scope, 'concat', {
      outer: sizeOf(values[0].shape.slice(0, axis)),
      widths: values.map((value) => sizeOf(value.shape.slice(axis))),
    });
  },
};

/** The values one after the other along an axis (negative axes count from the end; not the batch). */
export function concatenate(values: readonly Value[], axis = -1): Value {
  const [first] = values;
  const positive = axis < 0 ? axis + first.shape.length : axis;
  const inputs = Object.fromEntries(values.map((value, i) => [`x${i}`, value]));
  return first.graph.add(concatenateOp, inputs, { axis: positive }).y;
}
