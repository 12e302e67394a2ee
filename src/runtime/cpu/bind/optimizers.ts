import type { BufferId, KernelCall, KernelName, UpdateRange } from '../../../plan/kernels.js';
import { trustRatio } from '../../../plan/trust-ratio.js';
import { type PlacedGroup, placeGroups } from '../../../plan/update-groups.js';
import type { BindContext, Binder } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import type { RangeUpdate } from '../range-update.js';
import { optionalAddress } from './optional-address.js';

/** Turns a call that updates weights one by one into something that runs over any part of its range. */
type RangeBinder<K extends KernelName> = (
  call: Extract<KernelCall, { kernel: K }>,
  context: BindContext,
) => RangeUpdate;

/** `update` for what lies of each group in a part of the range, watched where the context says so. */
function byGroups(
  attributes: UpdateRange,
  { watch }: BindContext,
  update: (from: number, count: number, group: PlacedGroup) => void,
): RangeUpdate {
  const groups = placeGroups(attributes);
  const run: RangeUpdate = (from, count) => {
    for (const group of groups) {
      const first = Math.max(from, group.from);
      const size = Math.min(from + count, group.from + group.count) - first;
      if (size > 0) update(first, size, group);
    }
  };
  return watch === undefined ? run : watch.over(run);
}

/** Adam over a part of the range, group by group. */
export const updateByAdam: RangeBinder<'adam'> = ({ reads, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, beta1, beta2, epsilon } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const m = context.address(reads.m);
  const v = context.address(reads.v);
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  return byGroups(attributes, context, (from, count, { rateScale, decay }) => {
    const { learningRate, step } = parameters;
    const plainRate = learningRate * rateScale;
    const rate = (plainRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    const at = 4 * from;
    const decayed = plainRate * decay;
    kernels.adam_f32(w + at, g + at, m + at, v + at, count, rate, rest1, rest2, epsilon, decayed);
  });
};

/** SGD over a part of the range, group by group; with m and newM it has momentum. */
export const updateBySgd: RangeBinder<'sgd'> = ({ reads, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, momentum } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const m = optionalAddress(context, reads.m);
  const nesterov = Number(attributes.nesterov);
  return byGroups(attributes, context, (from, count, { rateScale, decay }) => {
    const rate = parameters.learningRate * rateScale;
    const at = 4 * from;
    if (m === 0) kernels.sgd_f32(w + at, g + at, count, rate, rate * decay);
    else {
      const decayed = rate * decay;
      kernels.sgdMomentum_f32(w + at, g + at, m + at, count, rate, momentum, nesterov, decayed);
    }
  });
};

/** RMSprop over a part of the range, group by group; with m it has momentum, with a it is centered. */
export const updateByRmsprop: RangeBinder<'rmsprop'> = ({ reads, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, rho, momentum, epsilon } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const v = context.address(reads.v);
  const m = optionalAddress(context, reads.m);
  const a = optionalAddress(context, reads.a);
  return byGroups(attributes, context, (from, count, { rateScale, decay }) => {
    const rate = parameters.learningRate * rateScale;
    const at = 4 * from;
    const [atM, atA] = [m && m + at, a && a + at];
    const rates = [rate, rho, 1 - rho, momentum, epsilon, rate * decay] as const;
    kernels.rmsprop_f32(w + at, g + at, v + at, atM, atA, count, ...rates);
  });
};

/** Lion over a part of the range, group by group. */
export const updateByLion: RangeBinder<'lion'> = ({ reads, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, beta1, beta2 } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const m = context.address(reads.m);
  return byGroups(attributes, context, (from, count, { rateScale, decay }) => {
    const rate = parameters.learningRate * rateScale;
    const at = 4 * from;
    const rates = [rate, beta1, 1 - beta1, beta2, 1 - beta2, rate * decay] as const;
    kernels.lion_f32(w + at, g + at, m + at, count, ...rates);
  });
};

/** Adam over the range. */
export const bindAdam: Binder<'adam'> = (call, context) =>
  overAll(updateByAdam(call, context), call.attributes);
/** SGD over the range. */
export const bindSgd: Binder<'sgd'> = (call, context) =>
  overAll(updateBySgd(call, context), call.attributes);
/** RMSprop over the range. */
export const bindRmsprop: Binder<'rmsprop'> = (call, context) =>
  overAll(updateByRmsprop(call, context), call.attributes);
/** Lion over the range. */
export const bindLion: Binder<'lion'> = (call, context) =>
  overAll(updateByLion(call, context), call.attributes);

function overAll(update: RangeUpdate, { count }: UpdateRange): BoundCall {
  return () => update(0, count);
}

/** Elements of an operand as they are when the call runs. */
function view(context: BindContext, buffer: BufferId, count: number): Float32Array {
  return new Float32Array(context.memory.buffer, context.address(buffer), count);
}

/** First half of LAMB, weight by weight. */
export const bindLambMoments: Binder<'lambMoments'> = ({ reads, writes, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, parts, beta1, beta2, epsilon } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const g = context.address(reads.g) + 4 * start;
  const m = context.address(reads.m);
  const v = context.address(reads.v);
  const sums = context.address(writes.sums);
  const rests = [1 - beta1, 1 - beta2] as const;
  return () => {
    const { learningRate, step } = parameters;
    const corrections = [1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step), epsilon] as const;
    parts.forEach(({ from, count, rateScale, decay }, part) => {
      const at = 4 * from;
      const ofWeights = sums + 4 * part;
      const ofDirections = ofWeights + 4 * parts.length;
      const operands = [w + at, g + at, m + at, v + at, ofWeights, ofDirections] as const;
      const decayed = learningRate * rateScale * decay;
      kernels.lambMoments_f32(...operands, count, ...rests, ...corrections, decayed);
    });
  };
};

/** Second half of LAMB, weight by weight. */
export const bindLamb: Binder<'lamb'> = ({ reads, attributes }, context) => {
  const { kernels, parameters } = context;
  const { start, parts, beta1, beta2, epsilon } = attributes;
  const w = context.address(reads.w) + 4 * start;
  const m = context.address(reads.m);
  const v = context.address(reads.v);
  const sums = view(context, reads.sums, 2 * parts.length);
  return () => {
    const { learningRate, step } = parameters;
    const corrections = [1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step), epsilon] as const;
    parts.forEach(({ from, count, rateScale, decay }, part) => {
      const at = 4 * from;
      const rate = learningRate * rateScale;
      const scaled = rate * trustRatio(sums[part], sums[parts.length + part]);
      kernels.lamb_f32(w + at, m + at, v + at, count, scaled, ...corrections, rate * decay);
    });
  };
};
