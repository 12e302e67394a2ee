import { sparseLabel } from './labels';

const LOWEST: f64 = 1e-7;
const HIGHEST: f64 = 1 - 1e-7;

function at(p: usize, index: i32): f64 {
  return <f64>load<f32>(p + ((<usize>index) << 2));
}

function isClipped(q: f64): bool {
  return q < LOWEST || q > HIGHEST;
}

function rowSum(p: usize, classes: i32): f64 {
  let total: f64 = 0;
  for (let c = 0; c < classes; c++) total += at(p, c);
  return total;
}

/**
 * loss[r] = −Σ_c labels · log clip(p / Σ p, 1e-7, 1 − 1e-7). Sparse labels `[rows]` skip the division;
 * an index outside the classes makes the loss NaN.
 */
export function crossentropy_f32(
  probabilities: usize,
  labels: usize,
  loss: usize,
  rows: i32,
  classes: i32,
  sparse: i32,
): void {
  const rowBytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; r++) {
    const p = probabilities + <usize>r * rowBytes;
    let total: f64 = 0;
    if (sparse) {
      const label = sparseLabel(labels, r, classes);
      total = label < 0 ? NaN : -Math.log(min(HIGHEST, max(LOWEST, at(p, label))));
    } else {
      const row = labels + <usize>r * rowBytes;
      const sum = rowSum(p, classes);
      for (let c = 0; c < classes; c++) {
        const weight = at(row, c);
        const q = min(HIGHEST, max(LOWEST, at(p, c) / sum));
        if (weight != 0) total -= weight * Math.log(q);
      }
    }
    store<f32>(loss + ((<usize>r) << 2), <f32>total);
  }
}

/**
 * Gradient of `crossentropy_f32`. With q = p / Σ p and h = −labels / q where q is not clipped, else 0:
 * dprobabilities = dloss[r] · (h − Σ_c h·q) / Σ p.
 */
export function crossentropyGradient_f32(
  probabilities: usize,
  labels: usize,
  dloss: usize,
  dprobabilities: usize,
  rows: i32,
  classes: i32,
  sparse: i32,
): void {
  const rowBytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; r++) {
    const p = probabilities + <usize>r * rowBytes;
    const dp = dprobabilities + <usize>r * rowBytes;
    const weight = at(dloss, r);
    if (sparse) {
      const label = sparseLabel(labels, r, classes);
      for (let c = 0; c < classes; c++) {
        const q = at(p, c);
        const slope: f64 = c == label && !isClipped(q) ? -weight / q : 0;
        store<f32>(dp + ((<usize>c) << 2), <f32>(label < 0 ? NaN : slope));
      }
    } else {
      const row = labels + <usize>r * rowBytes;
      const sum = rowSum(p, classes);
      let open: f64 = 0;
      for (let c = 0; c < classes; c++) {
        if (!isClipped(at(p, c) / sum)) open += at(row, c);
      }
      for (let c = 0; c < classes; c++) {
        const q = at(p, c) / sum;
        const h: f64 = isClipped(q) ? 0 : -at(row, c) / q;
        store<f32>(dp + ((<usize>c) << 2), <f32>((weight * (h + open)) / sum));
      }
    }
  }
}
