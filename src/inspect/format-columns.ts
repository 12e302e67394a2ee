/**
 * Rows below each other in columns, the first to the left and the others to the right; the first row is
 * the heading.
 */
export function formatColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}

/** 10⁹ of something, with as many digits as help. */
export function giga(amount: number): string {
  const value = amount / 1e9;
  if (amount === 0) return '-';
  return value < 0.01 ? '<0.01' : value.toFixed(value < 10 ? 2 : 1);
}

/** Bytes as 10⁶ of them. */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value > 0 && value < 0.01 ? '<0.01' : value.toFixed(value < 10 ? 2 : 1);
}
