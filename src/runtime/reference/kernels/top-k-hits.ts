import type { LocalKernel } from '../reference-kernel.js';

/** hits[r] = 1 when the label of row r is among its k largest predictions, else 0. */
export const topKHits: LocalKernel<'topKHits'> = ({
  reads: { predictions, labels },
  writes: { hits },
  attributes: { rows, classes, sparse, k },
}) => {
  for (let r = 0; r < rows; r++) {
    const row = predictions.subarray(r * classes, (r + 1) * classes);
    const label = sparse
      ? labels[r]
      : firstMaximum(labels.subarray(r * classes, (r + 1) * classes));
    if (k === 1) {
      hits[r] = firstMaximum(row) === label ? 1 : 0;
    } else {
      let larger = 0;
      for (let c = 0; c < classes; c++) if (row[c] > row[label]) larger++;
      hits[r] = larger < k && Number.isFinite(row[label]) ? 1 : 0;
    }
  }
};

function firstMaximum(row: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < row.length; c++) if (row[c] > row[best]) best = c;
  return best;
}
