import { clipFactor, globalClipFactor } from '../../../plan/clip-factor.js';
import type { LocalKernel } from '../reference-kernel.js';

/** Sums of squares of parts. */
export const squaredSums: LocalKernel<'squaredSums'> = ({ reads, writes, attributes }) => {
  const { starts, counts } = attributes;
  starts.forEach((start, part) => {
    let sum = 0;
    for (let i = start; i < start + counts[part]; i++) sum += reads.x[i] * reads.x[i];
    writes.y[part] = sum;
  });
};

/** Clips every part to a norm. */
export const clipByNorm: LocalKernel<'clipByNorm'> = ({ reads, writes, attributes }) => {
  const { starts, counts, clipNorm } = attributes;
  starts.forEach((start, part) => {
    const factor = clipFactor(reads.sums[part], clipNorm);
    for (let i = start; i < start + counts[part]; i++) writes.newG[i] = factor * reads.g[i];
  });
};

/** Clips all parts together to a norm. */
export const clipByGlobalNorm: LocalKernel<'clipByGlobalNorm'> = (call) => {
  const { reads, writes, attributes } = call;
  const { start, count, clipNorm } = attributes;
  const factor = globalClipFactor(reads.sums, clipNorm);
  for (let i = start; i < start + count; i++) writes.newG[i] = factor * reads.g[i];
};

/** Clips every element. */
export const clipByValue: LocalKernel<'clipByValue'> = ({ reads, writes, attributes }) => {
  const { start, count, clipValue } = attributes;
  for (let i = start; i < start + count; i++) {
    writes.newG[i] = Math.min(Math.max(reads.g[i], -clipValue), clipValue);
  }
};

/** Adds gradients up, and hands their mean on every so many steps. */
export const accumulateGradients: LocalKernel<'accumulateGradients'> = (call) => {
  const { reads, writes, attributes, parameters } = call;
  const { start, count, steps } = attributes;
  const isUpdate = parameters.step % steps === 0;
  for (let i = 0; i < count; i++) {
    const sum = reads.g[start + i] + reads.a[i];
    if (isUpdate) writes.newG[start + i] = sum / steps;
    writes.newA[i] = isUpdate ? 0 : sum;
  }
};

/** Keras's moving average of weights. */
export const movingAverage: LocalKernel<'movingAverage'> = ({
  reads: { w, average },
  writes: { newW, newAverage },
  attributes,
  parameters: { step },
}) => {
  const { start, count, accumulationSteps, overwriteFrequency } = attributes;
  const update = Math.floor((step - 1) / accumulationSteps);
  const momentum = update === 0 ? 0 : attributes.momentum;
  const overwrites = newW !== undefined && (update + 1) % overwriteFrequency === 0;
  for (let i = 0; i < count; i++) {
    newAverage[i] = momentum * average[i] + (1 - momentum) * w[start + i];
    if (overwrites) newW[start + i] = newAverage[i];
  }
};
