import type { Conv2dAttributes } from './kernels.js';

/*
 * Winograd's way of convolving: along each axis y = A · ((G · w) ⊙ (B · x)), where ⊙ multiplies point by point,
 * so that a map needs fewer products than it has pairs of pixel and tap (S. Winograd, Arithmetic Complexity
 * of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308). The matrices are those of
 * `kernels/winograd-maps.ts`, for three taps and a border of one zero on each side.
 */

type Geometry = Omit<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'>;

/** How many outputs of an axis are computed together, and from what. */
interface WinogradScheme {
  readonly name: 'pair' | 'two' | 'three';
  readonly outputs: number;
  /** Products that they take. */
  readonly points: number;
  /** Inputs that they need, and how many of these come before the first output. */
  readonly inputs: number;
  readonly before: number;
}

/** For maps of two pixels: all else is zero. */
const PAIR: WinogradScheme = { name: 'pair', outputs: 2, points: 3, inputs: 2, before: 0 };
const TWO: WinogradScheme = { name: 'two', outputs: 2, points: 4, inputs: 4, before: 1 };
const THREE: WinogradScheme = { name: 'three', outputs: 3, points: 5, inputs: 5, before: 1 };

/** Neighbouring pixels along one axis. */
interface Span {
  first: number;
  count: number;
}

/** Outputs that are computed together, as far as they lie on the map, and the inputs that they need. */
export interface WinogradTile {
  /** Pixels of the map, and which of the scheme's inputs the first of them is. */
  inputs: Span & { place: number };
  outputs: Span;
}

/** How one axis of a map is divided. */
export interface WinogradAxis {
  scheme: WinogradScheme;
  tiles: readonly WinogradTile[];
}

/** Divides an axis of `size` pixels so that it takes the fewest products, and of those ways the most exact. */
export function winogradAxis(size: number): WinogradAxis {
  const schemes = size === 2 ? [PAIR] : [TWO, THREE];
  const axes = schemes.map((scheme) => divide(size, scheme));
  return axes.reduce((best, axis) => (pointsOf(axis) < pointsOf(best) ? axis : best));
}

/** Points of all tiles of an axis. */
export function pointsOf({ scheme, tiles }: WinogradAxis): number {
  return scheme.points * tiles.length;
}

/** Whether a convolution is of the kind that Winograd's way computes. */
export function winogradFits(g: Geometry): boolean {
  const three = g.kernelHeight === 3 && g.kernelWidth === 3;
  const single = g.strideHeight === 1 && g.strideWidth === 1 && g.groups === 1;
  const dense = g.dilationHeight === 1 && g.dilationWidth === 1;
  const same =
    g.padTop === 1 && g.padLeft === 1 && g.outHeight === g.height && g.outWidth === g.width;
  const whole = g.channels % 4 === 0 && g.filters % 4 === 0;
  return three && single && dense && same && whole;
}

function divide(size: number, scheme: WinogradScheme): WinogradAxis {
  const tiles = Array.from({ length: Math.ceil(size / scheme.outputs) }, (_, i): WinogradTile => {
    const first = i * scheme.outputs;
    const begin = first - scheme.before;
    const start = Math.max(0, begin);
    const end = Math.min(size, begin + scheme.inputs);
    return {
      inputs: { first: start, count: end - start, place: start - begin },
      outputs: { first, count: Math.min(scheme.outputs, size - first) },
    };
  });
  return { scheme, tiles };
}
