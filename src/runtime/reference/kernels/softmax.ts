import type { FloatArray, LocalKernel } from '../reference-kernel.js';

/** Softmax of the `count` elements of x from `start`. */
function softmaxRow(x: FloatArray, start: number, count: number): Float64Array {
  const row = Float64Array.from(x.subarray(start, start + count));
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let c = 0; c < count; c++) {
    row[c] = Math.exp(row[c] - largest);
    sum += row[c];
  }
  for (let c = 0; c < count; c++) row[c] /= sum;
  return row;
}

/** y[r] = softmax(x[r]). */
export const softmax: LocalKernel<'softmax'> = ({ reads: { x }, writes: { y }, attributes }) => {
  const { rows, channels } = attributes;
  for (let r = 0; r < rows; r++) y.set(softmaxRow(x, r * channels, channels), r * channels);
};

/** dx = y · (dy − Σ_c dy·y). */
export const softmaxGradient: LocalKernel<'softmaxGradient'> = ({
  reads: { y, dy },
  writes: { dx },
  attributes: { rows, channels },
}) => {
  for (let r = 0; r < rows; r++) {
    const start = r * channels;
    let dot = 0;
    for (let c = 0; c < channels; c++) dot += dy[start + c] * y[start + c];
    for (let c = 0; c < channels; c++) dx[start + c] = y[start + c] * (dy[start + c] - dot);
  }
};

/** The label distribution of row r: the probabilities given, or 1 at the given class. */
function labelRow(labels: FloatArray, r: number, classes: number, sparse: boolean): FloatArray {
  if (!sparse) return labels.subarray(r * classes, (r + 1) * classes);
  const row = new Float64Array(classes);
  row[labels[r]] = 1;
  return row;
}

/** loss[r] = Σ_c labels · (log Σ exp(logits − max) − (logits − max)). */
export const softmaxCrossentropy: LocalKernel<'softmaxCrossentropy'> = ({
  reads: { logits, labels },
  writes: { loss },
  attributes: { rows, classes, sparse },
}) => {
  for (let r = 0; r < rows; r++) {
    const row = logits.subarray(r * classes, (r + 1) * classes);
    const label = labelRow(labels, r, classes, sparse);
    let largest = -Infinity;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, row[c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(row[c] - largest);
    let total = 0;
    for (let c = 0; c < classes; c++) total += label[c] * (Math.log(sum) - (row[c] - largest));
    loss[r] = total;
  }
};

/** dlogits = dloss[r] · (softmax(logits) · Σ_c labels − labels). */
export const softmaxCrossentropyGradient: LocalKernel<'softmaxCrossentropyGradient'> = ({
  reads: { logits, labels, dloss },
  writes: { dlogits },
  attributes: { rows, classes, sparse },
}) => {
  for (let r = 0; r < rows; r++) {
    const start = r * classes;
    const probabilities = softmaxRow(logits, start, classes);
    const label = labelRow(labels, r, classes, sparse);
    let total = 0;
    for (let c = 0; c < classes; c++) total += label[c];
    for (let c = 0; c < classes; c++) {
      dlogits[start + c] = dloss[r] * (probabilities[c] * total - label[c]);
    }
  }
};

/** Keras's bound that keeps logarithms finite. */
const CLIP = 1e-7;

/** Sum of row r of the probabilities, or 1 for sparse labels, which skip the division. */
function normalizer(p: FloatArray, r: number, classes: number, sparse: boolean): number {
  if (sparse) return 1;
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += p[r * classes + c];
  return sum;
}

/** loss[r] = −Σ_c labels · log clip(p / Σ p, 1e-7, 1 − 1e-7). */
export const crossentropy: LocalKernel<'crossentropy'> = ({
  reads: { probabilities, labels },
  writes: { loss },
  attributes: { rows, classes, sparse },
}) => {
  for (let r = 0; r < rows; r++) {
    const label = labelRow(labels, r, classes, sparse);
    const sum = normalizer(probabilities, r, classes, sparse);
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const q = probabilities[r * classes + c] / sum;
      total -= label[c] * Math.log(Math.min(Math.max(q, CLIP), 1 - CLIP));
    }
    loss[r] = total;
  }
};

/**
 * With q = p / s and h_c = ∂loss/∂q_c = −labels_c / q_c (0 where clipped): dp_j = dloss · (h_j − Σ_c h_c
 * · q_c) / s for probabilities, dp_j = dloss · h_j for class indices.
 */
export const crossentropyGradient: LocalKernel<'crossentropyGradient'> = ({
  reads: { probabilities, labels, dloss },
  writes: { dprobabilities },
  attributes: { rows, classes, sparse },
}) => {
  for (let r = 0; r < rows; r++) {
    const start = r * classes;
    const label = labelRow(labels, r, classes, sparse);
    const sum = normalizer(probabilities, r, classes, sparse);
    const slopes = new Float64Array(classes);
    let dot = 0;
    for (let c = 0; c < classes; c++) {
      const q = probabilities[start + c] / sum;
      slopes[c] = q > CLIP && q < 1 - CLIP ? -label[c] / q : 0;
      dot += slopes[c] * q;
    }
    for (let c = 0; c < classes; c++) {
      const slope = sparse ? slopes[c] : (slopes[c] - dot) / sum;
      dprobabilities[start + c] = dloss[r] * slope;
    }
  }
};
