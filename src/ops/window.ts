import { ShapeError, ValueError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';

/** How a window treats the border: only inside the image, or padded as TensorFlow's *same* is. */
export type Padding = 'valid' | 'same';

/** Explicit padding in pixels. */
export interface Pads {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** A sliding window: its size, step and dilation in pixels, as [height, width]. */
export interface Window {
  size: readonly [number, number];
  strides: readonly [number, number];
  dilation: readonly [number, number];
  padding: Padding | Pads;
}

/** Where a window goes over an image. */
export interface WindowGeometry {
  outHeight: number;
  outWidth: number;
  padTop: number;
  padLeft: number;
}

function alongAxis(
  length: number,
  window: Window,
  axis: 0 | 1,
  explicit: readonly [number, number] | undefined,
): { out: number; before: number } {
  const stride = window.strides[axis];
  const extent = (window.size[axis] - 1) * window.dilation[axis] + 1;
  if (window.padding === 'same') {
    const out = Math.ceil(length / stride);
    const total = Math.max((out - 1) * stride + extent - length, 0);
    return { out, before: Math.floor(total / 2) };
  }
  const [before, after] = explicit ?? [0, 0];
  return { out: Math.floor((length + before + after - extent) / stride) + 1, before };
}

/**
 * Output size and leading padding of a window over x `[N, H, W, C]`. *same* pads as TensorFlow does:
 * out = ⌈in / stride⌉, and of an odd total the extra pixel goes to the bottom and right.
 * @throws {ShapeError} when the window does not fit into the image.
 */
export function placeWindow(x: Shape, window: Window, what: string): WindowGeometry {
  for (const number of [...window.size, ...window.strides, ...window.dilation]) {
    if (!Number.isInteger(number) || number < 1) {
      throw new ValueError(
        `${what}: window sizes, strides and dilations must be integers ≥ 1, got ${number}`,
      );
    }
  }
  const pads = typeof window.padding === 'string' ? undefined : window.padding;
  const vertical = alongAxis(x[1], window, 0, pads && [pads.top, pads.bottom]);
  const horizontal = alongAxis(x[2], window, 1, pads && [pads.left, pads.right]);
  if (vertical.out < 1 || horizontal.out < 1) {
    throw new ShapeError(
      `${what} with a window of ${window.size.join('×')} does not fit into an input of shape ${formatShape(x)}; use a larger image, a smaller window or padding 'same'`,
    );
  }
  return {
    outHeight: vertical.out,
    outWidth: horizontal.out,
    padTop: vertical.before,
    padLeft: horizontal.before,
  };
}
