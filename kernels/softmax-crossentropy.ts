import { sparseLabel } from './labels';
import { rowMaximum, sumOfExponentials } from './softmax';

/**
 * loss[r] = −Σ_c labels · log softmax(logits). Labels are `[rows, classes]`, or class indices `[rows]`
 * when sparse; an index outside the classes makes the loss NaN.
 */
export function softmaxCrossentropy_f32(
  logits: usize,
  labels: usize,
  loss: usize,
  rows: i32,
  classes: i32,
  sparse: i32,
): void {
  const rowBytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; r++) {
    const shift = <f64>rowMaximum(logits, classes);
    const logSum = shift + Math.log(sumOfExponentials(logits, classes, shift));
    let total: f64 = 0;
    if (sparse) {
      const label = sparseLabel(labels, r, classes);
      total = label < 0 ? NaN : logSum - <f64>load<f32>(logits + ((<usize>label) << 2));
    } else {
      const row = labels + <usize>r * rowBytes;
      for (let c = 0; c < classes; c++) {
        const at = (<usize>c) << 2;
        const weight = <f64>load<f32>(row + at);
        if (weight != 0) total += weight * (logSum - <f64>load<f32>(logits + at));
      }
    }
    store<f32>(loss + ((<usize>r) << 2), <f32>total);
    logits += rowBytes;
  }
}

/**
 * dlogits = dloss[r] · (softmax(logits) · Σ_c labels − labels); NaN in rows whose sparse label is
 * outside the classes.
 */
export function softmaxCrossentropyGradient_f32(
  logits: usize,
  labels: usize,
  dloss: usize,
  dlogits: usize,
  rows: i32,
  classes: i32,
  sparse: i32,
): void {
  const rowBytes = (<usize>classes) << 2;
  for (let r = 0; r < rows; r++) {
    const shift = <f64>rowMaximum(logits, classes);
    const scale = 1 / sumOfExponentials(logits, classes, shift);
    const weight = <f64>load<f32>(dloss + ((<usize>r) << 2));
    const row = labels + <usize>r * rowBytes;
    let label = -1;
    let mass: f64 = 0;
    if (sparse) {
      label = sparseLabel(labels, r, classes);
      mass = label < 0 ? NaN : 1;
    } else {
      for (let c = 0; c < classes; c++) mass += <f64>load<f32>(row + ((<usize>c) << 2));
    }
    for (let c = 0; c < classes; c++) {
      const at = (<usize>c) << 2;
      const target: f64 = sparse ? (c == label ? 1 : 0) : <f64>load<f32>(row + at);
      const p = Math.exp(<f64>load<f32>(logits + at) - shift) * scale;
      store<f32>(dlogits + at, <f32>(weight * (p * mass - target)));
    }
    logits += rowBytes;
    dlogits += rowBytes;
  }
}
