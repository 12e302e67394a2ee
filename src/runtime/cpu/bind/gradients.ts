import { clipFactor, globalClipFactor } from '../../../plan/clip-factor.js';
import type { Binder } from '../binding.js';
import { optionalAddress } from './optional-address.js';

/** Code of the addition in `binary_f32`. */
const ADD = 0;

/** y[p] = Σ x² of each part. */
export const bindSquaredSums: Binder<'squaredSums'> = ({ reads, writes, attributes }, context) => {
  const { kernels } = context;
  const { starts, counts } = attributes;
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  return () => {
    for (let p = 0; p < starts.length; p++) {
      kernels.squaredSum_f32(x + 4 * starts[p], y + 4 * p, counts[p]);
    }
  };
};

/** Clips every part of g to a norm. */
export const bindClipByNorm: Binder<'clipByNorm'> = ({ reads, attributes }, context) => {
  const { kernels, memory } = context;
  const { starts, counts, clipNorm } = attributes;
  const g = context.address(reads.g);
  const sums = new Float32Array(memory.buffer, context.address(reads.sums), starts.length);
  return () => {
    for (let p = 0; p < starts.length; p++) {
      const factor = clipFactor(sums[p], clipNorm);
      const part = g + 4 * starts[p];
      if (factor !== 1) kernels.affine_f32(part, part, counts[p], factor, 0);
    }
  };
};

/** Clips all of g to a norm. */
export const bindClipByGlobalNorm: Binder<'clipByGlobalNorm'> = (call, context) => {
  const { kernels, memory } = context;
  const { start, count, parts, clipNorm } = call.attributes;
  const g = context.address(call.reads.g) + 4 * start;
  const sums = new Float32Array(memory.buffer, context.address(call.reads.sums), parts);
  return () => {
    const factor = globalClipFactor(sums, clipNorm);
    if (factor !== 1) kernels.affine_f32(g, g, count, factor, 0);
  };
};

/** Clips every element of g. */
export const bindClipByValue: Binder<'clipByValue'> = ({ reads, attributes }, context) => {
  const { start, count, clipValue } = attributes;
  const g = context.address(reads.g) + 4 * start;
  return () => context.kernels.clip_f32(g, count, clipValue);
};

/** Adds gradients up, and hands their mean on every so many steps. */
export const bindAccumulateGradients: Binder<'accumulateGradients'> = (call, context) => {
  const { kernels, parameters } = context;
  const { start, count, steps } = call.attributes;
  const g = context.address(call.reads.g) + 4 * start;
  const a = context.address(call.reads.a);
  return () => {
    if (parameters.step % steps === 0) kernels.takeMean_f32(g, a, count, steps);
    else kernels.binary_f32(ADD, g, a, a, count);
  };
};

/** Keras's moving average of weights; given newW, it overwrites them now and then. */
export const bindMovingAverage: Binder<'movingAverage'> = (call, context) => {
  const { kernels, parameters } = context;
  const { start, count, accumulationSteps, overwriteFrequency } = call.attributes;
  const w = context.address(call.reads.w) + 4 * start;
  const average = context.address(call.reads.average);
  const mayOverwrite = optionalAddress(context, call.writes.newW) !== 0;
  return () => {
    const update = Math.floor((parameters.step - 1) / accumulationSteps);
    const momentum = update === 0 ? 0 : call.attributes.momentum;
    const overwrites = mayOverwrite && (update + 1) % overwriteFrequency === 0;
    kernels.movingAverage_f32(w, average, count, momentum, 1 - momentum, Number(overwrites));
  };
};
