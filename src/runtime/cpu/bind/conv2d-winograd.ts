import { planWinogradWorkspace } from '../../../plan/conv-workspace.js';
import type { BufferId, Conv2dAttributes } from '../../../plan/kernels.js';
import {
  type Matrix,
  transpose,
  type WinogradAxis,
  type WinogradTile,
  winogradAxis,
} from '../../../plan/winograd.js';
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
        rows.fromInputs,
        columns.fromInputs,
        this.#pixels(side, map, chunk, rows.inputs.first, columns.inputs.first),
        this.#points(side, chunk, tile),
        { images: chunk.images, length: this.#depth(side) },
      ),
    );
  }

  /** Aᵀ · map · A of every tile: the gradient of its points. */
  pointsOfOutputs(side: Side, map: number, chunk: Chunk): BoundCall[] {
    return this.#tiles((rows, columns, tile) =>
      this.#transform(
        transpose(rows.toOutputs),
        transpose(columns.toOutputs),
        this.#pixels(side, map, chunk, rows.outputs.first, columns.outputs.first),
        this.#points(side, chunk, tile),
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
        rows.toOutputs,
        columns.toOutputs,
        this.#points(side, chunk, tile),
        target,
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
    return this.#transform(
      this.#rows.fromKernel,
      this.#columns.fromKernel,
      this.#taps(w, turned),
      this.#kernelPoints(),
      { images: 1, length: this.#kernelSize },
    );
  }

  /** w = Gᵀ · points · G. */
  kernelOfPoints(w: number): BoundCall {
    return this.#transform(
      transpose(this.#rows.fromKernel),
      transpose(this.#columns.fromKernel),
      this.#kernelPoints(),
      this.#taps(w, false),
      { images: 1, length: this.#kernelSize },
    );
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

  get #kernelSize(): number {
    return this.#attributes.channels * this.#attributes.filters;
  }

  #depth(side: Side): number {
    return side === 'x' ? this.#attributes.channels : this.#attributes.filters;
  }

  #eachPoint<T>(make: (point: number) => T): T[] {
    return Array.from({ length: this.#rows.points * this.#columns.points }, (_, p) => make(p));
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
    const at = (side: Side, point: number) => this.#places[side] + 4 * point * m * this.#depth(side);
    return { m, at };
  }

  #points(side: Side, chunk: Chunk, tile: number): Grid {
    const depth = this.#depth(side);
    const column = this.#pointRows(chunk).m * depth;
    return {
      address: this.#places[side] + 4 * tile * chunk.images * depth,
      row: this.#columns.points * column,
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
    return { address: this.#places.w, row: this.#columns.points * column, column, image: 0 };
  }

  #taps(w: number, turned: boolean): Grid {
    const size = this.#kernelSize;
    return turned
      ? { address: w + 4 * 8 * size, row: -3 * size, column: -size, image: 0 }
      : { address: w, row: 3 * size, column: size, image: 0 };
  }

  /** target = rows · source · columnsᵀ (+ addend). */
  #transform(
    rows: Matrix,
    columns: Matrix,
    source: Grid,
    target: Grid,
    { images, length, addend = 0 }: { images: number; length: number; addend?: number },
  ): BoundCall {
    const { kernels } = this.#context;
    const numbers = [...rows.flat(), ...columns.flat()];
    const call = kernels.transformTile_f32.bind(
      null,
      source.address,
      rows[0].length,
      columns[0].length,
      4 * source.row,
      4 * source.column,
      4 * source.image,
      target.address,
      rows.length,
      columns.length,
      4 * target.row,
      4 * target.column,
      4 * target.image,
      addend,
      images,
      length,
    );
    return () => {
      for (let i = 0; i < numbers.length; i++) kernels.putNumber(i, numbers[i]);
      call();
    };
  }
}
