/** Sizes of the axes of an array, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements of an array of this shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

/** The shape as a person writes it: `[100, 28, 28, 1]`. */
export function formatShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((d) => (d === null ? 'N' : d)).join(', ')}]`;
}

/** Whether both shapes have the same rank and the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
