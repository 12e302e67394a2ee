import type { Binder } from '../binding.js';

/** y = softmax(x). */
export const bindSoftmax: Binder<'softmax'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  const { rows, channels } = attributes;
  return () => kernels.softmax_f32(x, y, rows, channels);
};

/** dx = y · (dy − Σ_c dy·y). */
export const bindSoftmaxGradient: Binder<'softmaxGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const y = context.address(reads.y);
  const dy = context.address(reads.dy);
  const dx = context.address(writes.dx);
  const { rows, channels } = attributes;
  return () => kernels.softmaxGradient_f32(y, dy, dx, rows, channels);
};

/** loss[r] = −Σ_c labels · log softmax(logits). */
export const bindSoftmaxCrossentropy: Binder<'softmaxCrossentropy'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const logits = context.address(reads.logits);
  const labels = context.address(reads.labels);
  const loss = context.address(writes.loss);
  const { rows, classes } = attributes;
  const sparse = Number(attributes.sparse);
  return () => kernels.softmaxCrossentropy_f32(logits, labels, loss, rows, classes, sparse);
};

/** dlogits = dloss[r] · (softmax(logits) · Σ_c labels − labels). */
export const bindSoftmaxCrossentropyGradient: Binder<'softmaxCrossentropyGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const logits = context.address(reads.logits);
  const labels = context.address(reads.labels);
  const dloss = context.address(reads.dloss);
  const dlogits = context.address(writes.dlogits);
  const { rows, classes } = attributes;
  const sparse = Number(attributes.sparse);
  return () =>
    kernels.softmaxCrossentropyGradient_f32(logits, labels, dloss, dlogits, rows, classes, sparse);
};

/** loss[r] = −Σ_c labels · log clip(p / Σ p). */
export const bindCrossentropy: Binder<'crossentropy'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const probabilities = context.address(reads.probabilities);
  const labels = context.address(reads.labels);
  const loss = context.address(writes.loss);
  const { rows, classes } = attributes;
  const sparse = Number(attributes.sparse);
  return () => kernels.crossentropy_f32(probabilities, labels, loss, rows, classes, sparse);
};

/** The gradient of `crossentropy`. */
export const bindCrossentropyGradient: Binder<'crossentropyGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const { kernels } = context;
  const p = context.address(reads.probabilities);
  const labels = context.address(reads.labels);
  const dloss = context.address(reads.dloss);
  const dp = context.address(writes.dprobabilities);
  const { rows, classes } = attributes;
  const sparse = Number(attributes.sparse);
  return () => kernels.crossentropyGradient_f32(p, labels, dloss, dp, rows, classes, sparse);
};

/** hits[r] = 1 when the label is among the k largest predictions. */
export const bindTopKHits: Binder<'topKHits'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const predictions = context.address(reads.predictions);
  const labels = context.address(reads.labels);
  const hits = context.address(writes.hits);
  const { rows, classes, k } = attributes;
  const sparse = Number(attributes.sparse);
  return () => kernels.topKHits_f32(predictions, labels, hits, rows, classes, sparse, k);
};
