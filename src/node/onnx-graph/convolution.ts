import { pixelsOf, type TapRun, tapRuns } from '../../plan/conv-taps.js';
import { skipsPadding } from '../../plan/conv-workspace.js';
import type { Conv2dAttributes } from '../../plan/kernels.js';
import { type GraphTensor, type GraphWriter, NotTranslatable } from './graph-writer.js';
import type { Epilogue, StateArray } from './weight-recipe.js';

/** A convolution of x with an array of the state, and what follows it for each channel. */
export interface Convolution {
  attributes: Conv2dAttributes;
  x: GraphTensor;
  weights: StateArray;
}

/**
 * Pixels of a map up to which products are faster than the operator `Conv`, if there are several images:
 * they skip the padding, and the pixels of all images are the rows of one.
 */
const PRODUCT_PIXELS = 64;

/**
 * Writes a convolution: on small maps products over pixels, tap by tap where the padding counts, else
 * the operator `Conv`, for which the channels go to the front. Between two of those the moves of the channels
 * cancel.
 */
export function writeConvolution(
  graph: GraphWriter,
  convolution: Convolution,
  epilogue: Epilogue,
): GraphTensor {
  const { attributes: a, x, weights } = convolution;
  if (a.batch === 1 || a.outHeight * a.outWidth > PRODUCT_PIXELS) {
    return writeConv(graph, convolution, epilogue);
  }
  const single = a.kernelHeight === 1 && a.kernelWidth === 1 && a.groups === 1;
  if (a.algorithm === 'pointwise') {
    return writeProduct(graph, graph.form(x, [a.channels]), weights, 0, a, epilogue);
  }
  if (single && a.padTop === 0 && a.padLeft === 0 && readsInside(a)) {
    return writeStriding(graph, convolution, epilogue);
  }
  const taps = skipsPadding(a) ? tapRuns(a) : [];
  const reached = new Set(taps.flatMap((runs) => runs.flatMap(outputsOf)));
  if (reached.size === a.outHeight * a.outWidth) {
    return writeTaps(graph, convolution, taps, epilogue);
  }
  return writeConv(graph, convolution, epilogue);
}

/** rows · weights[first …] + bias, with as many columns as filters. */
export function writeProduct(
  graph: GraphWriter,
  rows: string,
  weights: StateArray,
  first: number,
  { channels, filters }: { channels: number; filters: number },
  epilogue: Epilogue,
  withBias = true,
): GraphTensor {
  const kernel = graph.constant({
    kind: 'kernel',
    weights,
    first,
    rows: channels,
    columns: filters,
    epilogue,
  });
  const bias = withBias ? biasOf(graph, filters, epilogue) : [];
  return graph.add('Gemm', [rows, kernel, ...bias], [filters]);
}

/** The constant that an epilogue adds, if it adds one. */
function biasOf(graph: GraphWriter, channels: number, epilogue: Epilogue): string[] {
  const { bias, normalization } = epilogue;
  if (bias === undefined && normalization === undefined) return [];
  return [graph.constant({ kind: 'bias', channels, epilogue })];
}

function readsInside(a: Conv2dAttributes): boolean {
  return (
    (a.outHeight - 1) * a.strideHeight < a.height && (a.outWidth - 1) * a.strideWidth < a.width
  );
}

function writeStriding(
  graph: GraphWriter,
  { attributes: a, x, weights }: Convolution,
  epilogue: Epilogue,
): GraphTensor {
  const pixels: number[] = [];
  for (let h = 0; h < a.outHeight; h++) {
    for (let w = 0; w < a.outWidth; w++) {
      pixels.push(h * a.strideHeight * a.width + w * a.strideWidth);
    }
  }
  const chosen = pick(graph, graph.form(x, [a.height * a.width, a.channels]), pixels, a.channels);
  return writeProduct(graph, graph.form(chosen, [a.channels]), weights, 0, a, epilogue);
}

/** The pixels of the given numbers, of arrays `[N, pixels, channels]`. */
function pick(graph: GraphWriter, images: string, pixels: readonly number[], channels: number) {
  const inputs = [images, graph.integers(pixels)];
  return graph.add('Gather', inputs, [pixels.length, channels], { axis: 1 });
}

/**
 * One product a tap, over the pixels that it meets, and none for the padding; then every output pixel
 * is the sum of its rows.
 */
function writeTaps(
  graph: GraphWriter,
  { attributes: a, x, weights }: Convolution,
  taps: readonly (readonly TapRun[])[],
  epilogue: Epilogue,
): GraphTensor {
  const pixels = a.outHeight * a.outWidth;
  const images = graph.form(x, [a.height * a.width, a.channels]);
  const rowsOf = Array.from({ length: pixels }, (): number[] => []);
  const coversAll = pixelsOf(taps[0]) === pixels;
  let row = 0;
  const products = taps.map((runs, place) => {
    const inputs = runs.flatMap(inputsOf);
    for (const output of runs.flatMap(outputsOf)) rowsOf[output].push(row++);
    const chosen = isCount(inputs, a.height * a.width)
      ? graph.form(x, [a.channels])
      : graph.form(pick(graph, images, inputs, a.channels), [a.channels]);
    const first = runs[0].tap * a.channels * a.filters;
    const addsBias = place === 0 && coversAll;
    const product = writeProduct(graph, chosen, weights, first, a, epilogue, addsBias);
    return graph.form(product, [inputs.length, a.filters]);
  });
  const all = graph.form(graph.add('Concat', products, [row, a.filters], { axis: 1 }));
  const sums = sumRows(graph, all, rowsOf, a.filters);
  const bias = coversAll ? [] : biasOf(graph, a.filters, epilogue);
  return bias.length === 0 ? sums : graph.add('Add', [graph.form(sums), ...bias], sums.tail);
}

/** `[N, pixels, channels]`: each pixel the sum of its rows of `all`. Those of equally many go together. */
function sumRows(
  graph: GraphWriter,
  all: string,
  rowsOf: readonly number[][],
  channels: number,
): GraphTensor {
  const counts = [...new Set(rowsOf.map(({ length }) => length))].sort((a, b) => a - b);
  const order: number[] = [];
  const parts = counts.map((count) => {
    const pixels = [...rowsOf.keys()].filter((pixel) => rowsOf[pixel].length === count);
    order.push(...pixels);
    const terms = Array.from({ length: count }, (_, term) =>
      graph.form(
        pick(
          graph,
          all,
          pixels.map((pixel) => rowsOf[pixel][term]),
          channels,
        ),
      ),
    );
    const tail = [pixels.length, channels];
    return count === 1 ? terms[0] : graph.form(graph.add('Sum', terms, tail));
  });
  const tail = [rowsOf.length, channels];
  const joined = graph.add('Concat', parts, tail, { axis: 1 });
  if (isCount(order, rowsOf.length)) return joined;
  const places = [...rowsOf.keys()].map((pixel) => order.indexOf(pixel));
  return pick(graph, graph.form(joined), places, channels);
}

function writeConv(
  graph: GraphWriter,
  { attributes: a, x, weights }: Convolution,
  epilogue: Epilogue,
): GraphTensor {
  const filters = graph.constant({ kind: 'filters', weights, epilogue });
  const inputs = [channelsFirst(graph, x, a), filters, ...biasOf(graph, a.filters, epilogue)];
  const y = graph.add('Conv', inputs, [a.filters, a.outHeight, a.outWidth], {
    kernel_shape: [a.kernelHeight, a.kernelWidth],
    strides: [a.strideHeight, a.strideWidth],
    dilations: [a.dilationHeight, a.dilationWidth],
    group: a.groups,
    pads: padsOf({
      ...a,
      spanHeight: a.dilationHeight * (a.kernelHeight - 1) + 1,
      spanWidth: a.dilationWidth * (a.kernelWidth - 1) + 1,
    }),
  });
  return channelsLast(graph, y, { ...a, channels: a.filters });
}

/** Name of an image tensor as `[N, C, H, W]`. */
export function channelsFirst(
  graph: GraphWriter,
  x: GraphTensor,
  { height, width, channels }: { height: number; width: number; channels: number },
): string {
  const images = graph.form(x, [height, width, channels]);
  const perm = [0, 3, 1, 2];
  return graph.form(graph.add('Transpose', [images], [channels, height, width], { perm }));
}

/** An image tensor `[N, C, H, W]` as `[N, H, W, C]`. */
export function channelsLast(
  graph: GraphWriter,
  y: GraphTensor,
  { outHeight, outWidth, channels }: { outHeight: number; outWidth: number; channels: number },
): GraphTensor {
  const perm = [0, 2, 3, 1];
  return graph.add('Transpose', [graph.form(y)], [outHeight, outWidth, channels], { perm });
}

/** A window's way over an image; a span is the extent of the window. */
export interface WindowGeometry {
  height: number;
  width: number;
  outHeight: number;
  outWidth: number;
  strideHeight: number;
  strideWidth: number;
  padTop: number;
  padLeft: number;
  spanHeight: number;
  spanWidth: number;
}

/** ONNX's pads, [top, left, bottom, right], after which the output has just its size. */
export function padsOf(g: WindowGeometry): number[] {
  const bottom = (g.outHeight - 1) * g.strideHeight + g.spanHeight - g.height - g.padTop;
  const right = (g.outWidth - 1) * g.strideWidth + g.spanWidth - g.width - g.padLeft;
  if (g.padTop < 0 || g.padLeft < 0) throw new NotTranslatable('a window begins inside the image');
  // Below zero, so many rows are read by no window, fewer than a stride: the size does not change.
  return [g.padTop, g.padLeft, Math.max(bottom, 0), Math.max(right, 0)];
}

const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
const inputsOf = ({ input, pixels }: TapRun) => range(input, pixels);
const outputsOf = ({ output, pixels }: TapRun) => range(output, pixels);

/** Whether the list is 0, 1, 2 … up to the count. */
function isCount(list: readonly number[], count: number): boolean {
  return list.length === count && list.every((value, i) => value === i);
}
