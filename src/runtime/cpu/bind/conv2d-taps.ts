import { type TapRun, tapRuns } from '../../../plan/conv-taps.js';
import { planTapsWorkspace } from '../../../plan/conv-workspace.js';
import type { BufferId, Conv2dAttributes } from '../../../plan/kernels.js';
import type { BindContext, Binder } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import { bindGemms } from './gemm.js';
import { sequence } from './sequence.js';
import { bindZero } from './zero.js';

/*
 * On a 2×2 map with *same* padding, 20 of the 36 products of a 3×3 kernel multiply zeros. Here the
 * images are copied pixel by pixel, [H, W, N, C], so that the pixels that a tap connects are neighbouring
 * rows: one GEMM for each tap and run of pixels, and none for the padding.
 */

/** y = Σ over taps of x, shifted, · w[tap]. */
export const bindTaps: Binder<'conv2d'> = ({ reads, writes, attributes, workspace }, context) => {
  const parts = new TapsParts(attributes, workspace, context);
  const w = context.address(reads.w);
  const { batch, channels, filters } = attributes;
  const calls = parts.spread((tap, runs, accumulate) =>
    bindGemms(
      context,
      runs[0].pixels * batch,
      filters,
      channels,
      runs.map(({ input, output }) => ({
        a: parts.xAt(input),
        b: w + 4 * tap * channels * filters,
        c: parts.yAt(output),
      })),
      { accumulate },
    ),
  );
  return sequence([
    parts.gatherX(context.address(reads.x)),
    ...parts.clearUnlessCovered('output'),
    ...calls,
    parts.scatterY(context.address(writes.y)),
  ]);
};

/** dx = Σ over taps of dy, shifted back, · w[tap]ᵀ (+ accumulator). */
export const bindTapsInputGradient: Binder<'conv2dInputGradient'> = (
  { reads, writes, attributes, workspace },
  context,
) => {
  const parts = new TapsParts(attributes, workspace, context);
  const w = context.address(reads.w);
  const { batch, channels, filters } = attributes;
  const started = reads.accumulator !== undefined;
  const calls = parts.spread(
    (tap, runs, accumulate) =>
      bindGemms(
        context,
        runs[0].pixels * batch,
        channels,
        filters,
        runs.map(({ input, output }) => ({
          a: parts.yAt(output),
          b: w + 4 * tap * channels * filters,
          c: parts.xAt(input),
        })),
        { transposeB: true, accumulate },
      ),
    started,
  );
  return sequence([
    parts.gatherY(context.address(reads.dy)),
    ...(reads.accumulator === undefined
      ? parts.clearUnlessCovered('input')
      : [parts.gatherX(context.address(reads.accumulator))]),
    ...calls,
    parts.scatterX(context.address(writes.dx)),
  ]);
};

/** dw[tap] = Σ over its runs of xᵀ · dy. */
export const bindTapsFilterGradient: Binder<'conv2dFilterGradient'> = (
  { reads, writes, attributes, workspace },
  context,
) => {
  const parts = new TapsParts(attributes, workspace, context);
  const dw = context.address(writes.dw);
  const { batch, channels, filters, kernelHeight, kernelWidth } = attributes;
  const size = channels * filters;
  const met = new Set(parts.taps.map(([{ tap }]) => tap));
  const all = Array.from({ length: kernelHeight * kernelWidth }, (_, tap) => tap);
  const untouched = all.filter((tap) => !met.has(tap));
  return sequence([
    parts.gatherX(context.address(reads.x)),
    parts.gatherY(context.address(reads.dy)),
    ...untouched.map((tap) => bindZero(context, dw + 4 * tap * size, size)),
    ...parts.abreast().map(({ runs, place }) =>
      bindGemms(
        context,
        channels,
        filters,
        runs[0].pixels * batch,
        runs.map(({ tap, output, input }) => ({
          a: parts.xAt(input),
          b: parts.yAt(output),
          c: dw + 4 * tap * size,
        })),
        { transposeA: true, accumulate: place > 0 },
      ),
    ),
  ]);
};

/** The pixel-major copies of x and y in the workspace, and the moves between them and the images. */
class TapsParts {
  /** Runs of every tap that meets the image, the one that meets most first. */
  readonly taps: readonly (readonly TapRun[])[];
  readonly #attributes: Conv2dAttributes;
  readonly #context: BindContext;
  readonly #x: number;
  readonly #y: number;

  constructor(attributes: Conv2dAttributes, workspace: BufferId | undefined, context: BindContext) {
    const plan = planTapsWorkspace(attributes);
    const base = workspace === undefined ? 0 : context.address(workspace);
    this.#x = base + 4 * plan.x;
    this.#y = base + 4 * plan.y;
    this.#attributes = attributes;
    this.#context = context;
    this.taps = tapRuns(attributes);
  }

  /** Address of input pixel `pixel` of the first image. */
  xAt(pixel: number): number {
    return this.#x + 4 * pixel * this.#attributes.batch * this.#attributes.channels;
  }

  /** Address of output pixel `pixel` of the first image. */
  yAt(pixel: number): number {
    return this.#y + 4 * pixel * this.#attributes.batch * this.#attributes.filters;
  }

  gatherX(images: number): BoundCall {
    const { height, width, channels } = this.#attributes;
    return this.#transpose(images, this.#x, height * width, channels, true);
  }

  scatterX(images: number): BoundCall {
    const { height, width, channels } = this.#attributes;
    return this.#transpose(images, this.#x, height * width, channels, false);
  }

  gatherY(images: number): BoundCall {
    const { outHeight, outWidth, filters } = this.#attributes;
    return this.#transpose(images, this.#y, outHeight * outWidth, filters, true);
  }

  scatterY(images: number): BoundCall {
    const { outHeight, outWidth, filters } = this.#attributes;
    return this.#transpose(images, this.#y, outHeight * outWidth, filters, false);
  }

  /**
   * Binds the runs of every tap, which are equally long and write different pixels; those of the first tap
   * overwrite unless the target was `started`.
   */
  spread(
    bind: (tap: number, runs: readonly TapRun[], accumulate: boolean) => BoundCall,
    started = false,
  ): BoundCall[] {
    return this.taps.map((runs, i) => bind(runs[0].tap, runs, started || i > 0));
  }

  /** The first runs of all taps, then the second ones and so on, apart by length: no two of a tap meet. */
  abreast(): { place: number; runs: readonly TapRun[] }[] {
    const most = Math.max(0, ...this.taps.map((runs) => runs.length));
    return Array.from({ length: most }, (_, place) => place).flatMap((place) => {
      const byLength = new Map<number, TapRun[]>();
      for (const run of this.taps.flatMap((runs) => runs[place] ?? [])) {
        byLength.set(run.pixels, [...(byLength.get(run.pixels) ?? []), run]);
      }
      return [...byLength.values()].map((runs) => ({ place, runs }));
    });
  }

  /** Zeroes the target where the first tap, which overwrites, does not reach. */
  clearUnlessCovered(side: 'input' | 'output'): BoundCall[] {
    const [first] = this.taps;
    const { batch, height, width, channels, outHeight, outWidth, filters } = this.#attributes;
    const [pixels, address, depth] =
      side === 'input'
        ? [height * width, this.#x, channels]
        : [outHeight * outWidth, this.#y, filters];
    const covered = (first ?? []).reduce((sum, run) => sum + run.pixels, 0);
    return covered === pixels ? [] : [bindZero(this.#context, address, batch * pixels * depth)];
  }

  #transpose(
    images: number,
    pixelMajor: number,
    pixels: number,
    depth: number,
    gather: boolean,
  ): BoundCall {
    const { kernels } = this.#context;
    const { batch } = this.#attributes;
    return gather
      ? () => kernels.swapRows_f32(images, pixelMajor, batch, pixels, depth)
      : () => kernels.swapRows_f32(pixelMajor, images, pixels, batch, depth);
  }
}
