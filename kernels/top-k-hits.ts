import { firstMaximum, sparseLabel } from './labels';

/**
 * hits[r] = 1 when the label of row r is among its k largest predictions, else 0: for k = 1 the first
 * maximum is the prediction; for k > 1 the label's is a finite number that fewer than k predictions
 * exceed.
 */
export function topKHits_f32(
  predictions: usize,
  labels: usize,
  hits: usize,
  rows: i32,
  classes: i32,
  sparse: i32,
  k: i32,
): void {
  const rowBytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; r++) {
    const label = sparse
      ? sparseLabel(labels, r, classes)
      : firstMaximum(labels + <usize>r * rowBytes, classes);
    let hit = false;
    if (label >= 0) {
      if (k == 1) {
        hit = firstMaximum(predictions, classes) == label;
      } else {
        const value = load<f32>(predictions + ((<usize>label) << 2));
        let larger = 0;
        for (let c = 0; c < classes; c++) {
          if (load<f32>(predictions + ((<usize>c) << 2)) > value) larger++;
        }
        hit = larger < k && value - value == 0;
      }
    }
    store<f32>(hits + ((<usize>r) << 2), hit ? 1 : 0);
    predictions += rowBytes;
  }
}
