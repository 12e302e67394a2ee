/** Arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Middle value; the mean of the two middle ones where there is no single one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** A straight line through points, and the share of the variance that it explains. */
export interface LinearFit {
  /** Rise of y for each unit of x. */
  readonly slope: number;
  /** y at x = 0. */
  readonly intercept: number;
  /** 1 − residual sum of squares / total sum of squares. */
  readonly r2: number;
}

/** Least squares of y on x. */
export function linearFit(x: readonly number[], y: readonly number[]): LinearFit {
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  x.forEach((value, i) => {
    xx += (value - mx) ** 2;
    xy += (value - mx) * (y[i] - my);
    yy += (y[i] - my) ** 2;
  });
  const slope = xy / xx;
  return { slope, intercept: my - slope * mx, r2: yy === 0 ? 1 : (xy * xy) / (xx * yy) };
}

/** Smallest and largest value. */
export function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/**
 * Mean at each place of several rows, with the smallest and the largest. Where a row is shorter than others,
 * as that of a training which diverged, the others alone count.
 */
export function bandOf(rows: readonly (readonly number[])[]): {
  middle: number[];
  lower: number[];
  upper: number[];
} {
  const length = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length }, (_, i) =>
    rows.filter((row) => i < row.length).map((row) => row[i]),
  );
  return {
    middle: columns.map(mean),
    lower: columns.map((column) => Math.min(...column)),
    upper: columns.map((column) => Math.max(...column)),
  };
}
