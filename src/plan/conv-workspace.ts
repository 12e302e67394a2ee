import { pixelsOf, tapRuns } from './conv-taps.js';
import { defaultKernelChoice, type KernelChoice } from './kernel-choice.js';
import type { Conv2dAttributes } from './kernels.js';
import { BUFFER_ALIGNMENT } from './plan.js';
import { pointsOf, winogradAxis, winogradFits } from './winograd.js';

/** A convolution before it is decided how to compute it. */
export type ConvGeometry = Omit<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'>;

/** Elements of patches to gather at once (4 MiB), where one image needs fewer. */
const PATCH_TARGET = 2 ** 20;

/** Input pixels per filter from which an input gradient by `mirrorConvolution` measured faster. */
const MIRROR_ROWS = 1;

/** Share of the taps that meet the image below which skipping the others measured faster. */
const TAPS_SHARE = 0.85;
/** Channels and filters from which the products of single taps are large enough. */
const TAPS_DEPTH = 64;

/** Elements of the points of both maps to have at once (16 MiB), where one image needs fewer. */
const POINTS_TARGET = 2 ** 22;
/** Channels and filters from which the products of single points are large enough. */
const WINOGRAD_DEPTH = 64;

/** Multiply-adds of a convolution or of either gradient, counted as 2 each, padding included. */
export function convFlops(g: ConvGeometry): number {
  const patch = g.kernelHeight * g.kernelWidth * (g.channels / g.groups);
  return 2 * g.batch * g.outHeight * g.outWidth * g.filters * patch;
}

/** Filters that the `direct` kernels take at a time, and elements that they may read behind a frame. */
const PANEL_FILTERS = 8;
const FRAME_MARGIN = 4;

/**
 * The workspace of a convolution, in elements. It begins with the patches of one chunk and one group,
 * `[images · outHeight · outWidth, taps · channels / groups]`.
 */
export interface ConvWorkspace {
  /** Offset of one group's share of w or dw, `[taps · channels / groups, filters / groups]`. */
  weights: number;
  /** Offset of one group's share of y or dy, `[images · outHeight · outWidth, filters / groups]`. */
  pixels: number;
  size: number;
}

/** Decides how a GEMM executor computes a convolution, and how many images it takes at a time. */
export function chooseConvAlgorithm(
  geometry: ConvGeometry,
  choice: KernelChoice = defaultKernelChoice,
): Pick<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'> {
  if (isPointwise(geometry)) return { algorithm: 'pointwise', imagesPerChunk: 0 };
  if (winogradPays(geometry, choice)) {
    const points = winogradPoints(geometry) * (geometry.channels + geometry.filters);
    return {
      algorithm: 'winograd',
      imagesPerChunk: chunkSize(geometry.batch, points, POINTS_TARGET),
    };
  }
  if (skipsPadding(geometry)) return { algorithm: 'taps', imagesPerChunk: 0 };
  const narrow = Math.max(geometry.channels, geometry.filters) <= choice.directDepth;
  return gather(geometry, narrow && directFits(geometry) ? 'direct' : 'im2col');
}

/** An algorithm that gathers patches, for all or for some of its directions, with its chunks. */
function gather(
  geometry: ConvGeometry,
  algorithm: 'direct' | 'im2col',
): Pick<Conv2dAttributes, 'algorithm' | 'imagesPerChunk'> {
  const { batch, outHeight, outWidth } = geometry;
  const perImage = outHeight * outWidth * patchSize(geometry);
  return { algorithm, imagesPerChunk: chunkSize(batch, perImage, PATCH_TARGET) };
}

/** Images that go through the workspace together, in equal chunks, so that the last is not a short one. */
function chunkSize(batch: number, perImage: number, target: number): number {
  const most = Math.max(Math.floor(target / Math.max(perImage, 1)), 1);
  const chunks = Math.max(Math.ceil(batch / most), 1);
  return Math.max(Math.ceil(batch / chunks), 1);
}

/**
 * Where the parts of the workspace of a convolution, or of either of its gradients, lie. With a single
 * group w and y are used where they are, so that only patches need room.
 */
export function planConvWorkspace(attributes: Conv2dAttributes): ConvWorkspace {
  if (attributes.algorithm === 'pointwise') return { weights: 0, pixels: 0, size: 0 };
  const { batch, imagesPerChunk, outHeight, outWidth, filters, groups } = attributes;
  const rows = Math.min(imagesPerChunk, batch) * outHeight * outWidth;
  const depth = patchSize(attributes);
  const weights = align(rows * depth);
  if (groups === 1) return { weights, pixels: weights, size: weights };
  const pixels = weights + align((depth * filters) / groups);
  return { weights, pixels, size: pixels + align((rows * filters) / groups) };
}

/** The algorithm of a convolution as a person reads it, with its chunks. */
export function convAlgorithm({ algorithm, imagesPerChunk }: Conv2dAttributes): string {
  const chunked = algorithm === 'im2col' || algorithm === 'winograd';
  return chunked ? `${algorithm} by ${imagesPerChunk}` : algorithm;
}

/** A convolution or one of its gradients. */
export type ConvDirection = 'forward' | 'inputGradient' | 'filterGradient';

/** Elements of workspace that a convolution or one of its gradients needs. */
export function convWorkspaceSize(attributes: Conv2dAttributes, direction: ConvDirection): number {
  if (attributes.algorithm === 'taps') return planTapsWorkspace(attributes).size;
  if (attributes.algorithm === 'winograd') return planWinogradWorkspace(attributes).size;
  if (direction !== 'inputGradient') return gatheringSize(attributes);
  const mirror = mirrorConvolution(attributes);
  if (mirror === undefined) return planConvWorkspace(attributes).size;
  const { kernelHeight, kernelWidth, channels, filters } = attributes;
  const flipped = kernelHeight * kernelWidth * channels * filters;
  return gatheringSize(mirror) + align(flipped);
}

/** Elements of workspace of a `pointwise`, `im2col` or `direct` convolution before what else it needs. */
export function gatheringSize(attributes: Conv2dAttributes): number {
  return attributes.algorithm === 'direct'
    ? planDirectWorkspace(attributes).size
    : planConvWorkspace(attributes).size;
}

/**
 * With stride 1, dx is itself a convolution: of dy with the flipped kernel. It reads patches of dy and
 * writes dx once, where the general way writes patches of dx and adds them up, which with few filters
 * is all waiting for memory. Undefined where that does not apply, or flipping the kernel costs more
 * than it saves. The flipped kernel goes behind the mirrored convolution's own workspace.
 */
export function mirrorConvolution(a: Conv2dAttributes): Conv2dAttributes | undefined {
  const { batch, height, width, channels, filters } = a;
  const applies =
    (a.algorithm === 'im2col' || a.algorithm === 'direct') &&
    a.groups === 1 &&
    a.strideHeight === 1 &&
    a.strideWidth === 1 &&
    channels % 4 === 0 &&
    batch * height * width >= MIRROR_ROWS * filters;
  if (!applies) return undefined;
  const geometry = {
    ...a,
    height: a.outHeight,
    width: a.outWidth,
    channels: filters,
    filters: channels,
    padTop: a.dilationHeight * (a.kernelHeight - 1) - a.padTop,
    padLeft: a.dilationWidth * (a.kernelWidth - 1) - a.padLeft,
    outHeight: height,
    outWidth: width,
  };
  const direct = a.algorithm === 'direct' && directFits(geometry);
  return { ...geometry, ...gather(geometry, direct ? 'direct' : 'im2col') };
}

/** The frame and the packed filters of `direct`. */
export interface DirectWorkspace {
  /** Rows and columns of one image within its border of zeros, `[height, width, channels]`. */
  frameHeight: number;
  frameWidth: number;
  /** Offset of the packed filters, `[⌈filters / 8⌉, taps · channels, 8]`. */
  packed: number;
  size: number;
}

/** Where the parts of the workspace of `direct` lie; the frame comes first. */
export function planDirectWorkspace(a: Conv2dAttributes): DirectWorkspace {
  const frameHeight = (a.outHeight - 1) * a.strideHeight + a.kernelHeight;
  const frameWidth = (a.outWidth - 1) * a.strideWidth + a.kernelWidth;
  const packed = align(frameHeight * frameWidth * a.channels + FRAME_MARGIN);
  const panels = Math.ceil(a.filters / PANEL_FILTERS);
  const panel = a.kernelHeight * a.kernelWidth * a.channels * PANEL_FILTERS;
  return { frameHeight, frameWidth, packed, size: packed + align(panels * panel) };
}

/** Whether `direct` can compute a convolution: one group, no dilation, a border below the kernel. */
export function directFits(g: ConvGeometry): boolean {
  const within = (pad: number, kernel: number) => pad >= 0 && pad < kernel;
  return (
    g.groups === 1 &&
    g.dilationHeight === 1 &&
    g.dilationWidth === 1 &&
    within(g.padTop, g.kernelHeight) &&
    within(g.padLeft, g.kernelWidth)
  );
}

/** Where x (or dx) and y (or dy) lie pixel by pixel, `[H, W, N, C]`, in the workspace of `taps`. */
export function planTapsWorkspace(a: Conv2dAttributes): { x: number; y: number; size: number } {
  const y = align(a.batch * a.height * a.width * a.channels);
  return { x: 0, y, size: y + align(a.batch * a.outHeight * a.outWidth * a.filters) };
}

/** Where the points of x (or dx), of y (or dy) and of the kernel lie in the workspace of `winograd`. */
export function planWinogradWorkspace(a: Conv2dAttributes): {
  x: number;
  y: number;
  w: number;
  size: number;
} {
  const points = Math.min(a.imagesPerChunk, a.batch) * winogradPoints(a);
  const y = align(points * a.channels);
  const w = y + align(points * a.filters);
  return { x: 0, y, w, size: w + align(tilePoints(a) * a.channels * a.filters) };
}

/** Points of all tiles of a map. */
function winogradPoints({ height, width }: ConvGeometry): number {
  return pointsOf(winogradAxis(height)) * pointsOf(winogradAxis(width));
}

/** Points of one tile, which are those of the kernel too. */
function tilePoints({ height, width }: ConvGeometry): number {
  return winogradAxis(height).scheme.points * winogradAxis(width).scheme.points;
}

/** Whether Winograd's way saves more than its moves cost. */
function winogradPays(g: ConvGeometry, choice: KernelChoice): boolean {
  const { batch, height, width, channels, filters } = g;
  if (!winogradFits(g) || Math.min(channels, filters) < WINOGRAD_DEPTH) return false;
  const points = winogradPoints(g);
  const pairs = skipsPadding(g) ? pixelsOf(tapRuns(g).flat()) : 9 * height * width;
  const saved = 2 * batch * (pairs - points) * channels * filters;
  // Points are written by one of maps and products, and read by the other.
  const ofMaps = batch * (height * width + 2 * points) * (channels + filters);
  const moved = ofMaps + (9 + tilePoints(g)) * channels * filters;
  return saved > choice.flopsPerMove * moved;
}

/** Whether so much of the kernel lies in the padding that computing tap by tap pays. */
export function skipsPadding(g: ConvGeometry): boolean {
  const { strideHeight, strideWidth, groups, channels, filters } = g;
  if (strideHeight !== 1 || strideWidth !== 1 || groups !== 1) return false;
  if (Math.min(channels, filters) < TAPS_DEPTH) return false;
  const met = pixelsOf(tapRuns(g).flat());
  return met < TAPS_SHARE * g.kernelHeight * g.kernelWidth * g.outHeight * g.outWidth;
}

function isPointwise(g: ConvGeometry): boolean {
  return (
    g.kernelHeight === 1 &&
    g.kernelWidth === 1 &&
    g.strideHeight === 1 &&
    g.strideWidth === 1 &&
    g.padTop === 0 &&
    g.padLeft === 0 &&
    g.outHeight === g.height &&
    g.outWidth === g.width &&
    g.groups === 1
  );
}

/** Elements of the patch behind one output pixel, for one group. */
function patchSize(g: ConvGeometry): number {
  return (g.kernelHeight * g.kernelWidth * g.channels) / g.groups;
}

function align(size: number): number {
  return Math.ceil(size / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}
