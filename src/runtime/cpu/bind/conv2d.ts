import { ExecutorError } from '../../../core/errors.js';
import {
  type ConvDirection,
  convWorkspaceSize,
  gatheringSize,
  mirrorConvolution,
  planConvWorkspace,
} from '../../../plan/conv-workspace.js';
import type { BufferId, Conv2dAttributes } from '../../../plan/kernels.js';
import type { BindContext, Binder } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import { type Chunk, splitBatch } from './conv-chunks.js';
import { bindDirect, bindDirectFilterGradient } from './conv2d-direct.js';
import { bindTaps, bindTapsFilterGradient, bindTapsInputGradient } from './conv2d-taps.js';
import {
  bindWinograd,
  bindWinogradFilterGradient,
  bindWinogradInputGradient,
} from './conv2d-winograd.js';
import { bindGemm } from './gemm.js';
import { sequence } from './sequence.js';
import { bindZero } from './zero.js';

/** y = x · w, pixel by pixel for `pointwise`, else patch by patch. */
export const bindConv2d: Binder<'conv2d'> = (call, context) => {
  const { reads, writes, attributes } = call;
  if (attributes.algorithm === 'taps') return bindTaps(call, context);
  if (attributes.algorithm === 'winograd') return bindWinograd(call, context);
  const x = context.address(reads.x);
  const w = context.address(reads.w);
  const y = context.address(writes.y);
  if (attributes.algorithm === 'pointwise') {
    const { rows, depth, columns } = pointwiseSizes(attributes);
    return bindGemm(context, rows, columns, depth, x, w, y);
  }
  return sequence(
    bindGathering(attributes, workspaceOf(call, 'forward', context), context, x, w, y, false),
  );
};

/**
 * dx = dy · wᵀ (+ accumulator): pixel by pixel for `pointwise`, as a convolution of dy where
 * `mirrorConvolution` says so, else by adding up patches of dx.
 */
export const bindConv2dInputGradient: Binder<'conv2dInputGradient'> = (call, context) => {
  const { reads, writes, attributes } = call;
  if (attributes.algorithm === 'taps') return bindTapsInputGradient(call, context);
  if (attributes.algorithm === 'winograd') return bindWinogradInputGradient(call, context);
  const dy = context.address(reads.dy);
  const w = context.address(reads.w);
  const dx = context.address(writes.dx);
  const { batch, height, width, channels } = attributes;
  const size = batch * height * width * channels;
  const { accumulator } = reads;
  const start = accumulator === undefined ? [] : bindCopy(context, accumulator, dx, size);
  if (attributes.algorithm === 'pointwise') {
    const { rows, depth, columns } = pointwiseSizes(attributes);
    const flags = { transposeB: true, accumulate: accumulator !== undefined };
    return sequence([...start, bindGemm(context, rows, depth, columns, dy, w, dx, flags)]);
  }
  const mirror = mirrorConvolution(attributes);
  if (mirror !== undefined) {
    const { kernelHeight, kernelWidth, filters } = attributes;
    const area = workspaceOf(call, 'inputGradient', context);
    const flipped = area + 4 * gatheringSize(mirror);
    const taps = kernelHeight * kernelWidth;
    const flip = () => context.kernels.flipKernel_f32(w, flipped, taps, channels, filters);
    const accumulate = accumulator !== undefined;
    return sequence([
      ...start,
      flip,
      ...bindGathering(mirror, area, context, dy, flipped, dx, accumulate),
    ]);
  }
  if (accumulator === undefined) start.push(bindZero(context, dx, size));
  const parts = new ConvParts(attributes, workspaceOf(call, 'inputGradient', context), context);
  const { depth, groupFilters } = parts;
  const calls = parts.groups.flatMap((group) => [
    ...parts.gatherWeights(group, w),
    ...parts.chunks.flatMap((chunk) => [
      ...parts.gatherPixels(group, chunk, dy),
      bindGemm(
        context,
        chunk.rows,
        depth,
        groupFilters,
        parts.pixelsOf(chunk, dy),
        parts.weightsOf(w),
        parts.patches,
        { transposeB: true },
      ),
      parts.addPatches(group, chunk, dx),
    ]),
  ]);
  return sequence([...start, ...calls]);
};

/** dw = xᵀ · dy, summed over chunks in order. */
export const bindConv2dFilterGradient: Binder<'conv2dFilterGradient'> = (call, context) => {
  const { reads, writes, attributes } = call;
  if (attributes.algorithm === 'taps') return bindTapsFilterGradient(call, context);
  if (attributes.algorithm === 'winograd') return bindWinogradFilterGradient(call, context);
  const x = context.address(reads.x);
  const dy = context.address(reads.dy);
  const dw = context.address(writes.dw);
  if (attributes.algorithm === 'pointwise') {
    const { rows, depth, columns } = pointwiseSizes(attributes);
    return bindGemm(context, depth, columns, rows, x, dy, dw, { transposeA: true });
  }
  const area = workspaceOf(call, 'filterGradient', context);
  if (attributes.algorithm === 'direct') {
    return sequence(bindDirectFilterGradient(attributes, area, context, x, dy, dw));
  }
  const parts = new ConvParts(attributes, area, context);
  const { depth, groupFilters } = parts;
  if (parts.chunks.length === 0) return bindZero(context, dw, depth * attributes.filters);
  const calls = parts.groups.flatMap((group) => [
    ...parts.chunks.flatMap((chunk, i) => [
      parts.gatherPatches(group, chunk, x),
      ...parts.gatherPixels(group, chunk, dy),
      bindGemm(
        context,
        depth,
        groupFilters,
        chunk.rows,
        parts.patches,
        parts.pixelsOf(chunk, dy),
        parts.weightsOf(dw),
        { transposeA: true, accumulate: i > 0 },
      ),
    ]),
    ...parts.scatterWeights(group, dw),
  ]);
  return sequence(calls);
};

/**
 * The moves around the GEMMs of an im2col convolution. With one group, weights and pixels are used in
 * place and moving them takes no call; with more, the group's columns pass through the workspace.
 */
class ConvParts {
  readonly chunks: readonly Chunk[];
  readonly groups: readonly number[];
  /** Elements of a patch of one group. */
  readonly depth: number;
  readonly groupFilters: number;
  /** Addresses of the parts of the workspace. */
  readonly patches: number;
  readonly #weights: number;
  readonly #pixels: number;
  readonly #attributes: Conv2dAttributes;
  readonly #context: BindContext;

  constructor(attributes: Conv2dAttributes, workspace: number, context: BindContext) {
    const { kernelHeight, kernelWidth, channels, filters, groups } = attributes;
    const plan = planConvWorkspace(attributes);
    this.patches = workspace;
    this.#weights = this.patches + 4 * plan.weights;
    this.#pixels = this.patches + 4 * plan.pixels;
    this.depth = (kernelHeight * kernelWidth * channels) / groups;
    this.groupFilters = filters / groups;
    this.groups = Array.from({ length: groups }, (_, group) => group);
    this.chunks = splitBatch(attributes);
    this.#attributes = attributes;
    this.#context = context;
  }

  /** Where a group's share of w or dw is during its GEMM. */
  weightsOf(w: number): number {
    return this.groups.length === 1 ? w : this.#weights;
  }

  /** Where a group's share of a chunk of y or dy is during its GEMM. */
  pixelsOf(chunk: Chunk, y: number): number {
    return this.groups.length === 1 ? this.#rowsAt(chunk, 0, y) : this.#pixels;
  }

  gatherWeights(group: number, w: number): BoundCall[] {
    return this.#copyColumns(this.depth, this.#columnAt(group, w), this.#weights, true);
  }

  scatterWeights(group: number, dw: number): BoundCall[] {
    return this.#copyColumns(this.depth, this.#columnAt(group, dw), this.#weights, false);
  }

  gatherPixels(group: number, chunk: Chunk, dy: number): BoundCall[] {
    return this.#copyColumns(chunk.rows, this.#rowsAt(chunk, group, dy), this.#pixels, true);
  }

  scatterPixels(group: number, chunk: Chunk, y: number): BoundCall[] {
    return this.#copyColumns(chunk.rows, this.#rowsAt(chunk, group, y), this.#pixels, false);
  }

  gatherPatches(group: number, chunk: Chunk, x: number): BoundCall {
    const { im2col_f32 } = this.#context.kernels;
    return im2col_f32.bind(
      null,
      this.#imageAt(chunk, x),
      this.patches,
      ...this.#window(group, chunk),
    );
  }

  addPatches(group: number, chunk: Chunk, dx: number): BoundCall {
    const { col2im_f32 } = this.#context.kernels;
    return col2im_f32.bind(
      null,
      this.patches,
      this.#imageAt(chunk, dx),
      ...this.#window(group, chunk),
    );
  }

  #copyColumns(rows: number, wide: number, narrow: number, gather: boolean): BoundCall[] {
    if (this.groups.length === 1) return [];
    const { kernels } = this.#context;
    const { filters } = this.#attributes;
    const { groupFilters } = this;
    return [
      gather
        ? () => kernels.copyColumns_f32(wide, filters, narrow, groupFilters, rows, groupFilters)
        : () => kernels.copyColumns_f32(narrow, groupFilters, wide, filters, rows, groupFilters),
    ];
  }

  #columnAt(group: number, base: number): number {
    return base + 4 * group * this.groupFilters;
  }

  #rowsAt({ first }: Chunk, group: number, base: number): number {
    const { outHeight, outWidth, filters } = this.#attributes;
    return this.#columnAt(group, base) + 4 * first * outHeight * outWidth * filters;
  }

  #imageAt({ first }: Chunk, base: number): number {
    const { height, width, channels } = this.#attributes;
    return base + 4 * first * height * width * channels;
  }

  #window(group: number, { images }: Chunk) {
    const a = this.#attributes;
    const groupChannels = a.channels / a.groups;
    return [
      images,
      a.height,
      a.width,
      a.channels,
      group * groupChannels,
      groupChannels,
      a.kernelHeight,
      a.kernelWidth,
      a.strideHeight,
      a.strideWidth,
      a.padTop,
      a.padLeft,
      a.dilationHeight,
      a.dilationWidth,
      a.outHeight,
      a.outWidth,
    ] as const;
  }
}

/** Address of the workspace of a call, which has one unless it needs none. */
function workspaceOf(
  { workspace, attributes }: { workspace?: BufferId; attributes: Conv2dAttributes },
  direction: ConvDirection,
  context: BindContext,
): number {
  if (workspace !== undefined) return context.address(workspace);
  const size = convWorkspaceSize(attributes, direction);
  if (size === 0) return 0;
  throw new ExecutorError(
    `a convolution by ${attributes.algorithm} came without its workspace of ${size} elements; ` +
      'give the call a `workspace` buffer.',
  );
}

/** y (+)= the convolution of x with w: `direct`, or by patches of x, group by group and chunk by chunk. */
function bindGathering(
  attributes: Conv2dAttributes,
  workspace: number,
  context: BindContext,
  x: number,
  w: number,
  y: number,
  accumulate: boolean,
): BoundCall[] {
  if (attributes.algorithm === 'direct') {
    return bindDirect(attributes, workspace, context, x, w, y, accumulate);
  }
  const parts = new ConvParts(attributes, workspace, context);
  const { depth, groupFilters } = parts;
  return parts.groups.flatMap((group) => [
    ...parts.gatherWeights(group, w),
    ...parts.chunks.flatMap((chunk) => [
      parts.gatherPatches(group, chunk, x),
      bindGemm(
        context,
        chunk.rows,
        groupFilters,
        depth,
        parts.patches,
        parts.weightsOf(w),
        parts.pixelsOf(chunk, y),
        { accumulate },
      ),
      ...parts.scatterPixels(group, chunk, y),
    ]),
  ]);
}

function pointwiseSizes({ batch, outHeight, outWidth, channels, filters }: Conv2dAttributes) {
  return { rows: batch * outHeight * outWidth, depth: channels, columns: filters };
}

function bindCopy(context: BindContext, from: BufferId, target: number, size: number): BoundCall[] {
  const source = context.address(from);
  if (source === target) return [];
  const { buffer } = context.memory;
  const sourceView = new Float32Array(buffer, source, size);
  const targetView = new Float32Array(buffer, target, size);
  return [() => targetView.set(sourceView)];
}
