import type { Conv2dAttributes } from './kernels.js';

/*
 * Winograd's way of convolving: y = A · ((G · w) ⊙ (B · x)) along each axis, where ⊙ multiplies point by point,
 * so that a map needs fewer products than it has pairs of pixel and tap (S. Winograd, Arithmetic Complexity
 * of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308). The matrices belong to kernels of three
 * taps with a border of one zero on each side.
 */

type Geometry = Omit<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'>;

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** Neighbouring pixels along one axis. */
interface Span {
  first: number;
  count: number;
}

/** Outputs of one axis that are computed together, and the inputs that they need. */
export interface WinogradTile {
  inputs: Span;
  outputs: Span;
  /** B `[points, inputs]`: the points of the inputs. */
  fromInputs: Matrix;
  /** A `[outputs, points]`: the outputs of the points. */
  toOutputs: Matrix;
}

/** How one axis of a map is divided. */
export interface WinogradAxis {
  /** Points of a tile. */
  points: number;
  tiles: readonly WinogradTile[];
  /** G `[points, 3]`: the points of the kernel. */
  fromKernel: Matrix;
}

/** The matrices of a number of outputs, for inputs that begin `before` pixels earlier. */
interface Scheme {
  before: number;
  fromInputs: Matrix;
  fromKernel: Matrix;
  toOutputs: Matrix;
}

/** Two outputs of a map of two pixels, all else zero: three points. */
const PAIR: Scheme = {
  before: 0,
  fromInputs: [
    [1, 1],
    [0, 1],
    [1, 0],
  ],
  fromKernel: [
    [0, 1, 0],
    [0, -1, 1],
    [1, -1, 0],
  ],
  toOutputs: [
    [1, 1, 0],
    [1, 0, 1],
  ],
};

/** Two outputs by the points 0, 1, −1 and ∞. */
const TWO: Scheme = {
  before: 1,
  fromInputs: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, -1, 0, 1],
  ],
  fromKernel: [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  toOutputs: [
    [1, 1, 1, 0],
    [0, 1, -1, 1],
  ],
};

/**
 * Three outputs by the points 0, 1/2, −1, 2 and ∞. With 1 for 1/2 the numbers would be nicer, and errors of
 * rounding 1.5 times as large.
 */
const THREE: Scheme = {
  before: 1,
  fromInputs: [
    [2, -3, -3, 2, 0],
    [0, 2, 1, -1, 0],
    [0, -2, 5, -2, 0],
    [0, -1, 1, 2, 0],
    [0, 2, -3, -3, 2],
  ],
  fromKernel: [
    [1 / 2, 0, 0],
    [8 / 9, 4 / 9, 2 / 9],
    [1 / 9, -1 / 9, 1 / 9],
    [1 / 18, 1 / 9, 2 / 9],
    [0, 0, 1 / 2],
  ],
  toOutputs: [
    [1, 1, 1, 1, 0],
    [0, 1 / 2, -1, 2, 0],
    [0, 1 / 4, 1, 4, 1],
  ],
};

/** Divides an axis of `size` pixels so that it takes the fewest products, and of those ways the most exact. */
export function winogradAxis(size: number): WinogradAxis {
  const schemes = size === 2 ? [PAIR] : [TWO, THREE];
  const axes = schemes.map((scheme) => divide(size, scheme));
  return axes.reduce((best, axis) => (pointsOf(axis) < pointsOf(best) ? axis : best));
}

/** Points of all tiles of an axis. */
export function pointsOf({ points, tiles }: WinogradAxis): number {
  return points * tiles.length;
}

/** Whether a convolution is of the kind that Winograd's way computes. */
export function winogradFits(g: Geometry): boolean {
  const three = g.kernelHeight === 3 && g.kernelWidth === 3;
  const single = g.strideHeight === 1 && g.strideWidth === 1 && g.groups === 1;
  const dense = g.dilationHeight === 1 && g.dilationWidth === 1;
  const same =
    g.padTop === 1 && g.padLeft === 1 && g.outHeight === g.height && g.outWidth === g.width;
  return three && single && dense && same;
}

function divide(size: number, scheme: Scheme): WinogradAxis {
  const { before, fromInputs, fromKernel, toOutputs } = scheme;
  const reach = fromInputs[0].length;
  const tiles = Array.from({ length: Math.ceil(size / toOutputs.length) }, (_, i): WinogradTile => {
    const first = i * toOutputs.length;
    const outputs = { first, count: Math.min(toOutputs.length, size - first) };
    const start = Math.max(0, first - before);
    const end = Math.min(size, first - before + reach);
    const skipped = start - (first - before);
    return {
      inputs: { first: start, count: end - start },
      outputs,
      fromInputs: fromInputs.map((row) => row.slice(skipped, skipped + end - start)),
      toOutputs: toOutputs.slice(0, outputs.count),
    };
  });
  return { points: fromInputs.length, tiles, fromKernel };
}

/** Rows as columns. */
export function transpose(matrix: Matrix): Matrix {
  return matrix[0].map((_, column) => matrix.map((row) => row[column]));
}
