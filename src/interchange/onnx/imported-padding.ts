import type { OnnxNode } from '../../formats/onnx/onnx-model.js';
import type { SymbolicTensor } from '../../graph/symbolic-tensor.js';
import { ZeroPadding2D } from '../../layers/zero-padding2d.js';
import { type Pads, placeWindow } from '../../ops/window.js';
import type { OnnxGraphReader } from './graph-reader.js';

type Pair = readonly [number, number];

const LARGEST_PAD = 2 ** 16;
const NONE: Pads = { top: 0, bottom: 0, left: 0, right: 0 };

/** A window as a node describes it. */
export interface ImportedWindow {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilation: Pair;
  readonly pads: Pads;
  /** How a layer of ours pads the same way; undefined when the zeros need a layer of their own. */
  readonly padding: 'valid' | 'same' | undefined;
}

/** A pair of an attribute over height and width. */
function pair(reader: OnnxGraphReader, node: OnnxNode, name: string, absent?: Pair): Pair {
  const values = reader.ints(node, name) ?? absent;
  if (values?.length === 2) return [values[0], values[1]];
  throw reader.fail(node, `attribute '${name}' must be a pair for height and width`);
}

/** Zeros that make as many windows fit as strides do into the image, as `same` means. */
function samePads(image: Pair, size: Pair, strides: Pair, dilation: Pair, upper: boolean): Pads {
  const along = (axis: 0 | 1): Pair => {
    const extent = (size[axis] - 1) * dilation[axis] + 1;
    const out = Math.ceil(image[axis] / strides[axis]);
    const total = Math.max((out - 1) * strides[axis] + extent - image[axis], 0);
    const less = Math.floor(total / 2);
    return upper ? [less, total - less] : [total - less, less];
  };
  const [top, bottom] = along(0);
  const [left, right] = along(1);
  return { top, bottom, left, right };
}

function equal(a: Pads, b: Pads): boolean {
  return a.top === b.top && a.bottom === b.bottom && a.left === b.left && a.right === b.right;
}

/**
 * Reads the window of a convolution or pooling over an image of ours, [H, W, C].
 * @param kernel its size where no attribute gives it.
 * @throws {FormatError} naming the node, for windows that are none.
 */
export function readWindow(
  reader: OnnxGraphReader,
  node: OnnxNode,
  [height, width]: readonly number[],
  kernel?: Pair,
): ImportedWindow {
  const size = pair(reader, node, 'kernel_shape', kernel);
  const strides = pair(reader, node, 'strides', [1, 1]);
  const dilation = pair(reader, node, 'dilations', [1, 1]);
  for (const value of [...size, ...strides, ...dilation]) {
    if (value < 1 || value > LARGEST_PAD) throw reader.fail(node, `a window of ${value} pixels`);
  }
  const image: Pair = [height, width];
  const same = samePads(image, size, strides, dilation, true);
  const auto = reader.text(node, 'auto_pad', 'NOTSET');
  let pads = NONE;
  if (auto === 'SAME_UPPER') pads = same;
  else if (auto === 'SAME_LOWER') pads = samePads(image, size, strides, dilation, false);
  else if (auto === 'NOTSET' || auto === '') {
    const [top, left, bottom, right] = explicitPads(reader, node);
    pads = { top, left, bottom, right };
  } else if (auto !== 'VALID') throw reader.fail(node, `auto_pad '${auto}' is unknown`);
  const padding = equal(pads, NONE) ? 'valid' : equal(pads, same) ? 'same' : undefined;
  return { size, strides, dilation, pads, padding };
}

function explicitPads(reader: OnnxGraphReader, node: OnnxNode): readonly number[] {
  const pads = reader.ints(node, 'pads') ?? [0, 0, 0, 0];
  if (pads.length === 4 && pads.every((pad) => pad >= 0 && pad <= LARGEST_PAD)) return pads;
  throw reader.fail(node, `pads must be four sizes ≥ 0, got [${pads.slice(0, 8).join(', ')}]`);
}

/**
 * Refuses `ceil_mode` where it gives another number of windows than ours do.
 * @throws {FormatError} naming the node.
 */
export function requireWholeWindows(
  reader: OnnxGraphReader,
  node: OnnxNode,
  { shape }: SymbolicTensor,
  window: ImportedWindow,
): void {
  if (reader.int(node, 'ceil_mode', 0) === 0) return;
  const { size, strides, dilation, pads } = window;
  const sizes = shape.map((one) => one ?? 1);
  const place = placeWindow(sizes, { size, strides, dilation, padding: pads }, 'a window');
  const ceiled = (axis: 0 | 1, before: number, after: number) =>
    Math.ceil((sizes[axis + 1] + before + after - size[axis]) / strides[axis]) + 1;
  const isWhole =
    ceiled(0, pads.top, pads.bottom) === place.outHeight &&
    ceiled(1, pads.left, pads.right) === place.outWidth;
  if (!isWhole)
    throw reader.fail(node, 'ceil_mode gives windows that are partly outside the image');
}

/** The image with zeros around it. */
export function zerosAround(
  reader: OnnxGraphReader,
  x: SymbolicTensor,
  { top, bottom, left, right }: Pads,
  name: string,
): SymbolicTensor {
  const padding = [[top, bottom] as const, [left, right] as const] as const;
  return reader.connect(new ZeroPadding2D({ padding, name: reader.layerName(`${name}_pad`) }), [x]);
}
