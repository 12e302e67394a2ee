import { planWinogradWorkspace } from '../../../plan/conv-workspace.js';
import type { BufferId, Conv2dAttributes } from '../../../plan/kernels.js';
import { type WinogradAxis, type WinogradTile, winogradAxis } from '../../../plan/winograd.js';
import type { BindContext, Binder } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import { type Chunk, splitBatch } from './conv-chunks.js';
import { bindGemms, type GemmFlags } from './gemm.js';
import { sequence } from './sequence.js';
import { bindZero } from './zero.js';

/*
 * Points lie one behind the other in the workspace: `[point, tile, image, channel]` those of a map, `[point,
 * channel, filter]` those of the kernel. The product of a point goes over all tiles and images.
 */

/** y = A · ((G · w · Gᵀ) ⊙ (B · x · Bᵀ)) · Aᵀ, tile by tile. */
export const bindWinograd: Binder<'conv2d'> = (
  { reads, writes, attributes, workspace },
  context,
) => {
  const parts = new WinogradParts(attributes, workspace, context);
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  return sequence([
    parts.pointsOfKernel(context.address(reads.w), false),
    ...parts.chunks.flatMap((chunk) => [
      ...parts.pointsOfInputs('x', x, chunk),
      parts.multiply(chunk, { from: 'x', to: 'y' }),
      ...parts.outputsOfPoints('y', y, chunk, 0),
    ]),
  ]);
};

/** dx = the convolution of dy with the kernel turned by half a circle (+ accumulator). */
export const bindWinogradInputGradient: Binder<'conv2dInputGradient'> = (
  { reads, writes, attributes, workspace },
  context,
) => {
  const parts = new WinogradParts(attributes, workspace, context);
  const dy = context.address(reads.dy);
  const dx = context.address(writes.dx);
  const addend = reads.accumulator === undefined ? 0 : context.address(reads.accumulator);
  return sequence([
    parts.pointsOfKernel(context.address(reads.w), true),
    ...parts.chunks.flatMap((chunk) => [
      ...parts.pointsOfInputs('y', dy, chunk),
      parts.multiply(chunk, { from: 'y', to: 'x' }),
      ...parts.outputsOfPoints('x', dx, chunk, addend),
    ]),
  ]);
};

/** dw = Gᵀ · ((B · x · Bᵀ)ᵀ ⊙ (Aᵀ · dy · A)) · G, summed over tiles and images. */
export const bindWinogradFilterGradient: Binder<'conv2dFilterGradient'> = (
  { reads, writes, attributes, workspace },
  context,
) => {
  const parts = new WinogradParts(attributes, workspace, context);
  const x = context.address(reads.x);
  const dy = context.address(reads.dy);
  const dw = context.address(writes.dw);
  const { channels, filters } = attributes;
  if (parts.chunks.length === 0) return bindZero(context, dw, 9 * channels * filters);
  return sequence([
    ...parts.chunks.flatMap((chunk, i) => [
      ...parts.pointsOfInputs('x', x, chunk),
      ...parts.pointsOfOutputs('y', dy, chunk),
      parts.correlate(chunk, i > 0),
    ]),
    parts.kernelOfPoints(dw),
  ]);
};

/** x or dx, with the channels; y or dy, with the filters. */
type Side = 'x' | 'y';

/** The maps of `kernels/winograd-maps.ts`, of which each scheme has all. */
const MAPS = { fromInputs: 0, toOutputs: 3, fromOutputs: 6, fromKernel: 9, toKernel: 12 } as const;
const SCHEMES = { pair: 0, two: 1, three: 2 } as const;

/** Which rows or columns of a tile there are, or are wanted. */
interface Range {
  place: number;
  count: number;
}

const whole = (count: number): Range => ({ place: 0, count });
const TAPS = [whole(3), whole(3)] as const;

/** Vectors in rows, columns and images: the first one's address, and elements from one to the next. */
interface Grid {
  address: number;
  row: number;
  column: number;
  image: number;
}

/** The points in the workspace, and the moves between them and what they are the points of. */
class WinogradParts {
  readonly chunks: readonly Chunk[];
  readonly #attributes: Conv2dAttributes;
  readonly #context: BindContext;
  readonly #rows: WinogradAxis;
  readonly #columns: WinogradAxis;
  readonly #places: Readonly<Record<Side | 'w', number>>;

  constructor(attributes: Conv2dAttributes, workspace: BufferId | undefined, context: BindContext) {
    const plan = planWinogradWorkspace(attributes);
    const base = workspace === undefined ? 0 : context.address(workspace);
    this.#places = { x: base + 4 * plan.x, y: base + 4 * plan.y, w: base + 4 * plan.w };
    this.#attributes = attributes;
    this.#context = context;
    this.#rows = winogradAxis(attributes.height);
    this.#columns = winogradAxis(attributes.width);
    this.chunks = splitBatch(attributes);
  }

  /** B · map · Bᵀ of every tile. */
  pointsOfInputs(side: Side, map: number, chunk: Chunk): BoundCall[] {
    return this.#tiles((rows, columns, tile) =>
      this.#transform(
        'fromInputs',
        this.#pixels(side, map, chunk, rows.inputs.first, columns.inputs.first),
        [rows.inputs, columns.inputs],
        this.#points(side, chunk, tile),
        this.#allPoints,
        { images: chunk.images, length: this.#depth(side) },
      ),
    );
  }

  /** Aᵀ · map · A of every tile: the gradient of its points. */
  pointsOfOutputs(side: Side, map: number, chunk: Chunk): BoundCall[] {
    return this.#tiles((rows, columns, tile) =>
      this.#transform(
        'fromOutputs',
        this.#pixels(side, map, chunk, rows.outputs.first, columns.outputs.first),
        [whole(rows.outputs.count), whole(columns.outputs.count)],
        this.#points(side, chunk, tile),
        this.#allPoints,
        { images: chunk.images, length: this.#depth(side) },
      ),
    );
  }

  /** map = A · points · Aᵀ (+ addend, a map or 0) of every tile. */
  outputsOfPoints(side: Side, map: number, chunk: Chunk, addend: number): BoundCall[] {
    return this.#tiles((rows, columns, tile) => {
      const [row, column] = [rows.outputs.first, columns.outputs.first];
      const target = this.#pixels(side, map, chunk, row, column);
      return this.#transform(
        'toOutputs',
        this.#points(side, chunk, tile),
        this.#allPoints,
        target,
        [whole(rows.outputs.count), whole(columns.outputs.count)],
        {
          images: chunk.images,
          length: this.#depth(side),
          addend: addend === 0 ? 0 : addend + target.address - map,
        },
      );
    });
  }

  /** G · w · Gᵀ, of w as it is or turned by half a circle. */
  pointsOfKernel(w: number, turned: boolean): BoundCall {
    const taps = this.#taps(w, turned);
    const size = { images: 1, length: this.#kernelSize };
    return this.#transform('fromKernel', taps, TAPS, this.#kernelPoints(), this.#allPoints, size);
  }

  /** w = Gᵀ · points · G. */
  kernelOfPoints(w: number): BoundCall {
    const taps = this.#taps(w, false);
    const size = { images: 1, length: this.#kernelSize };
    return this.#transform('toKernel', this.#kernelPoints(), this.#allPoints, taps, TAPS, size);
  }

  /** The points of one map from those of the other and of the kernel, which is transposed on the way to x. */
  multiply(chunk: Chunk, { from, to }: { from: Side; to: Side }): BoundCall {
    const { m, at } = this.#pointRows(chunk);
    const products = this.#eachPoint((point) => ({
      a: at(from, point),
      b: this.#places.w + 4 * point * this.#kernelSize,
      c: at(to, point),
    }));
    const flags: GemmFlags = { transposeB: to === 'x' };
    return bindGemms(this.#context, m, this.#depth(to), this.#depth(from), products, flags);
  }

  /** The points of the kernel's gradient from those of x and dy. */
  correlate(chunk: Chunk, accumulate: boolean): BoundCall {
    const { m, at } = this.#pointRows(chunk);
    const { channels, filters } = this.#attributes;
    const products = this.#eachPoint((point) => ({
      a: at('x', point),
      b: at('y', point),
      c: this.#places.w + 4 * point * this.#kernelSize,
    }));
    return bindGemms(this.#context, channels, filters, m, products, {
      transposeA: true,
      accumulate,
    });
  }

  get #allPoints(): readonly [Range, Range] {
    return [whole(this.#rows.scheme.points), whole(this.#columns.scheme.points)];
  }

  get #kernelSize(): number {
    return this.#attributes.channels * this.#attributes.filters;
  }

  #depth(side: Side): number {
    return side === 'x' ? this.#attributes.channels : this.#attributes.filters;
  }

  #eachPoint<T>(make: (point: number) => T): T[] {
    return Array.from({ length: this.#rows.scheme.points * this.#columns.scheme.points }, (_, p) =>
      make(p),
    );
  }

  #tiles(make: (rows: WinogradTile, columns: WinogradTile, tile: number) => BoundCall) {
    return this.#rows.tiles.flatMap((rows, i) =>
      this.#columns.tiles.map((columns, j) =>
        make(rows, columns, i * this.#columns.tiles.length + j),
      ),
    );
  }

  /** Rows of the matrix of one point of a map, and where it begins. */
  #pointRows({ images }: Chunk) {
    const m = this.#rows.tiles.length * this.#columns.tiles.length * images;
    const at = (side: Side, point: number) =>
      this.#places[side] + 4 * point * m * this.#depth(side);
    return { m, at };
  }

  #points(side: Side, chunk: Chunk, tile: number): Grid {
    const depth = this.#depth(side);
    const column = this.#pointRows(chunk).m * depth;
    return {
      address: this.#places[side] + 4 * tile * chunk.images * depth,
      row: this.#columns.scheme.points * column,
      column,
      image: depth,
    };
  }

  #pixels(side: Side, map: number, { first }: Chunk, row: number, column: number): Grid {
    const { height, width } = this.#attributes;
    const depth = this.#depth(side);
    return {
      address: map + 4 * ((first * height + row) * width + column) * depth,
      row: width * depth,
      column: depth,
      image: height * width * depth,
    };
  }

  #kernelPoints(): Grid {
    const column = this.#kernelSize;
    return { address: this.#places.w, row: this.#columns.scheme.points * column, column, image: 0 };
  }

  #taps(w: number, turned: boolean): Grid {
    const size = this.#kernelSize;
    return turned
      ? { address: w + 4 * 8 * size, row: -3 * size, column: -size, image: 0 }
      : { address: w, row: 3 * size, column: size, image: 0 };
  }

  /** Maps both axes of a tile: `there` says what there is of the source, `wanted` what is wanted of the target. */
  #transform(
    map: keyof typeof MAPS,
    source: Grid,
    there: readonly [Range, Range],
    target: Grid,
    wanted: readonly [Range, Range],
    { images, length, addend = 0 }: { images: number; length: number; addend?: number },
  ): BoundCall {
    return this.#context.kernels.transformTile_f32.bind(
      null,
      MAPS[map] + SCHEMES[this.#rows.scheme.name],
      MAPS[map] + SCHEMES[this.#columns.scheme.name],
      source.address,
      there[0].place,
      there[0].count,
      there[1].place,
      there[1].count,
      4 * source.row,
      4 * source.column,
      4 * source.image,
      target.address,
      wanted[0].count,
      wanted[1].count,
      4 * target.row,
      4 * target.column,
      4 * target.image,
      addend,
      images,
      length,
    );
  }
}
