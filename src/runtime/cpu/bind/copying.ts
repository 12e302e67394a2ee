import type { Binder } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import { sequence } from './sequence.js';

/** An axis of a strided copy. */
interface Axis {
  size: number;
  source: number;
  target: number;
}

/**
 * The same copy with as few and as long axes as possible: axes of size 1 go, and an axis that continues
 * the one inside it, in both arrays, merges with it. Filled up to rank 4 at the front.
 */
function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [{ size: 1, source: 1, target: 1 }];
  for (const axis of axes.toReversed()) {
    if (axis.size === 1) continue;
    const inner = merged[0];
    if (inner.size === 1) {
      merged[0] = axis;
    } else if (
      axis.source === inner.source * inner.size &&
      axis.target === inner.target * inner.size
    ) {
      merged[0] = { ...inner, size: axis.size * inner.size };
    } else {
      merged.unshift(axis);
    }
  }
  while (merged.length < 4) merged.unshift({ size: 1, source: 0, target: 0 });
  return merged;
}

/** Copies a rank-4 box between strided arrays. */
export const bindStridedCopy: Binder<'stridedCopy'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const { shape, sourceStrides, targetStrides, targetSize, clear } = attributes;
  const [i, j, k, l] = mergeAxes(
    shape.map((size, axis) => ({
      size,
      source: sourceStrides[axis],
      target: targetStrides[axis],
    })),
  );
  const y = context.address(writes.y);
  const from = context.address(reads.x) + 4 * attributes.sourceOffset;
  const to = y + 4 * attributes.targetOffset;
  return () => {
    if (clear) kernels.clear_f32(y, targetSize);
    kernels.stridedCopy_f32(
      from,
      to,
      i.size,
      j.size,
      k.size,
      l.size,
      i.source,
      j.source,
      k.source,
      l.source,
      i.target,
      j.target,
      k.target,
      l.target,
    );
  };
};

/** y `[outer, Σ widths]` = the inputs x0, x1 … side by side. */
export const bindConcat: Binder<'concat'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const { outer, widths } = attributes;
  const total = widths.reduce((sum, width) => sum + width, 0);
  let to = context.address(writes.y);
  const copies: BoundCall[] = widths.map((width, place) => {
    const from = context.address(reads[`x${place}`]);
    const at = to;
    to += 4 * width;
    return () =>
      kernels.stridedCopy_f32(from, at, 1, 1, outer, width, 0, 0, width, 1, 0, 0, total, 1);
  });
  return sequence(copies);
};
