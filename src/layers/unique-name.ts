const counts = new Map<string, number>();

/** The name itself the first time, then `name_1`, `name_2`, …, as Keras numbers its layers. */
export function uniqueName(base: string): string {
  const count = counts.get(base) ?? 0;
  counts.set(base, count + 1);
  return count === 0 ? base : `${base}_${count}`;
}

/** Starts numbering anew, so that models made after it get the same names again. */
export function clearNames(): void {
  counts.clear();
}
