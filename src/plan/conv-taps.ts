import type { Conv2dAttributes } from './kernels.js';

type Geometry = Omit<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'>;

/** Neighbouring output pixels that one tap of the kernel connects with neighbouring input pixels. */
export interface TapRun {
  /** Number of the tap, row by row. */
  tap: number;
  /** First output pixel and first input pixel, row by row over the map. */
  output: number;
  input: number;
  /** How many pixels. */
  pixels: number;
}

/**
 * The work of a convolution of stride 1 as runs: for each tap, where it meets the image and not the
 * padding. The tap that meets most output pixels comes first.
 */
export function tapRuns(g: Geometry): TapRun[][] {
  const taps: TapRun[][] = [];
  for (let i = 0; i < g.kernelHeight; i++) {
    for (let j = 0; j < g.kernelWidth; j++) taps.push(runsOfTap(g, i, j));
  }
  return taps.filter((runs) => runs.length > 0).sort((a, b) => pixelsOf(b) - pixelsOf(a));
}

/** Pixels of all runs. */
export function pixelsOf(runs: readonly TapRun[]): number {
  return runs.reduce((sum, { pixels }) => sum + pixels, 0);
}

function overlap(out: number, size: number, shift: number): readonly [number, number] {
  return [Math.max(0, -shift), Math.min(out, size - shift)];
}

function runsOfTap(g: Geometry, i: number, j: number): TapRun[] {
  const down = i * g.dilationHeight - g.padTop;
  const right = j * g.dilationWidth - g.padLeft;
  const [top, bottom] = overlap(g.outHeight, g.height, down);
  const [left, end] = overlap(g.outWidth, g.width, right);
  if (top >= bottom || left >= end) return [];
  const tap = i * g.kernelWidth + j;
  const run = (row: number, pixels: number): TapRun => ({
    tap,
    output: row * g.outWidth + left,
    input: (row + down) * g.width + left + right,
    pixels,
  });
  if (end - left === g.outWidth && g.outWidth === g.width) {
    return [run(top, (bottom - top) * g.width)];
  }
  return Array.from({ length: bottom - top }, (_, row) => run(top + row, end - left));
}
