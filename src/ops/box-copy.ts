import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';
import { contiguousStrides, toRank4 } from './strided.js';

/** Elements `begin`, `begin + stride`, … of each axis, `size` of them. */
interface Box {
  begin: readonly number[];
  size: readonly number[];
  strides: readonly number[];
}

interface EmbedAttributes extends Box {
  /** Shape of the array that receives the box. */
  target: Shape;
}

function boxStrides(shape: Shape, box: Box): { offset: number; strides: number[] } {
  const elements = contiguousStrides(shape);
  const offset = box.begin.reduce((sum, begin, axis) => sum + begin * elements[axis], 0);
  const strides = elements.map((stride, axis) => stride * box.strides[axis]);
  return { offset, strides: [...Array.from({ length: 4 - strides.length }, () => 0), ...strides] };
}

function checkBox(shape: Shape, box: Box, what: string): void {
  const fits =
    box.begin.length === shape.length &&
    box.size.length === shape.length &&
    shape.every((d, i) => {
      const last = box.begin[i] + (box.size[i] - 1) * box.strides[i];
      return box.begin[i] >= 0 && box.size[i] >= 0 && (box.size[i] === 0 || last < d);
    });
  if (!fits) {
    throw new ShapeError(
      `${what}: the box beginning at ${formatShape(box.begin)} of size ${formatShape(box.size)} leaves the array of shape ${formatShape(shape)}`,
    );
  }
}

/** y = the box of x. */
export const sliceOp: OpDefinition<Box> = {
  name: 'slice',
  infer({ x }, box) {
    checkBox(x, box, 'slice');
    return { y: box.size };
  },
  gradient({ graph, inputs: { x }, douts, attributes }) {
    return { x: graph.add(embedOp, { x: douts.y }, { ...attributes, target: x.shape }).y };
  },
  lower(scope) {
    const { offset, strides } = boxStrides(scope.inputs.x.shape, scope.attributes);
    const shape = toRank4(scope.outputs.y.shape);
    lowerToKernel(scope, 'stridedCopy', {
      shape,
      sourceOffset: offset,
      sourceStrides: strides,
      targetOffset: 0,
      targetStrides: contiguousStrides(shape),
      targetSize: sizeOf(shape),
      clear: false,
    });
  },
};

/** y = zeros, with x in the box. */
export const embedOp: OpDefinition<EmbedAttributes> = {
  name: 'embed',
  infer({ x }, attributes) {
    checkBox(attributes.target, attributes, 'pad');
    if (x.some((d, i) => d !== attributes.size[i])) {
      throw new ShapeError(
        `pad: ${formatShape(x)} does not fill the box ${formatShape(attributes.size)}`,
      );
    }
    return { y: attributes.target };
  },
  gradient({ graph, douts, attributes: { begin, size, strides } }) {
    return { x: graph.add(sliceOp, { x: douts.y }, { begin, size, strides }).y };
  },
  lower(scope) {
    const { target } = scope.attributes;
    const { offset, strides } = boxStrides(target, scope.attributes);
    const shape = toRank4(scope.inputs.x.shape);
    lowerToKernel(scope, 'stridedCopy', {
      shape,
      sourceOffset: 0,
      sourceStrides: contiguousStrides(shape),
      targetOffset: offset,
      targetStrides: strides,
      targetSize: sizeOf(target),
      clear: sizeOf(target) !== sizeOf(shape),
    });
  },
};

/**
 * Every `strides[i]`-th element of each axis but the batch, from `begin` on, `size` of them.
 * The three lists leave the batch axis out.
 */
export function slice(
  x: Value,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[] = begin.map(() => 1),
): Value {
  const box = { begin: [0, ...begin], size: [x.shape[0], ...size], strides: [1, ...strides] };
  return x.graph.add(sliceOp, { x }, box).y;
}

/** Zeros around x: `[before, after]` for each axis but the batch. */
export function pad(x: Value, amounts: readonly (readonly [number, number])[]): Value {
  const all = [[0, 0] as const, ...amounts];
  if (all.length !== x.shape.length) {
    throw new ShapeError(
      `pad needs [before, after] for each axis of ${formatShape(x.shape)} but the first, got ${amounts.length} pair(s)`,
    );
  }
  const target = x.shape.map((d, i) => d + all[i][0] + all[i][1]);
  const begin = all.map(([before]) => before);
  const strides = x.shape.map(() => 1);
  return x.graph.add(embedOp, { x }, { begin, size: x.shape, strides, target }).y;
}
