import type { KernelCall } from '../../../plan/kernels.js';
import type { BindContext } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import type { RangeUpdate } from '../range-update.js';
import { updateByAdam, updateByLion, updateByRmsprop, updateBySgd } from './optimizers.js';

/** Calls that `bindShardUpdate` makes one. */
export const SHARD_UPDATE_CALLS = 3;

/**
 * One call for three that follow each other: gradients are summed over the replicas, each replica updates
 * its shard of the weights, and all get all. Undefined where the calls are no such three, or one of them
 * does not run in every step.
 */
export function bindShardUpdate(
  calls: readonly KernelCall[],
  context: BindContext,
): BoundCall | undefined {
  const [sum, update, share] = calls;
  if (sum?.kernel !== 'reduceScatter' || share?.kernel !== 'allGatherShards') return undefined;
  const { collective } = context;
  const always = calls.every(({ every = 1, gates = [] }) => every === 1 && gates.length === 0);
  if (!always || collective.replicas === 1) return undefined;
  const own = updateOf(update, context);
  if (own === undefined) return undefined;
  const { starts, counts } = sum.attributes;
  const [gradients, weights] = [context.address(sum.writes.y), context.address(share.reads.x)];
  const isOfOne =
    share.attributes.starts.join() === starts.join() &&
    share.attributes.counts.join() === counts.join() &&
    own.start === starts[collective.replica] &&
    own.count === counts[collective.replica] &&
    own.gradients === gradients &&
    own.weights === weights;
  if (!isOfOne) return undefined;
  return () => collective.updateShards(gradients, weights, starts, counts, own.update);
}

/**
 * The one call that changes this replica's trained weights, if it does so in every step and over any part of its
 * range; undefined where updates are made of several calls, or some steps leave them out.
 */
export function soleUpdate(calls: readonly KernelCall[]): KernelCall | undefined {
  const updates = calls.filter(({ kernel, writes }) => {
    return kernel !== 'allGatherShards' && 'newW' in writes && writes.newW !== undefined;
  });
  const [update] = updates;
  if (updates.length !== 1 || !RANGE_UPDATES.has(update.kernel)) return undefined;
  const { every = 1, gates = [] } = update;
  return every === 1 && gates.length === 0 ? update : undefined;
}

const RANGE_UPDATES: ReadonlySet<string> = new Set(['adam', 'sgd', 'rmsprop', 'lion']);

interface OwnUpdate {
  start: number;
  count: number;
  /** Byte addresses. */
  gradients: number;
  weights: number;
  update: RangeUpdate;
}

/** The update of the own shard; undefined for one that needs more than the weight's own gradient. */
function updateOf(call: KernelCall, context: BindContext): OwnUpdate | undefined {
  const update = rangeUpdateOf(call, context);
  if (update === undefined) return undefined;
  const { attributes, reads, writes } = update.call;
  return {
    start: attributes.start,
    count: attributes.count,
    gradients: context.address(reads.g),
    weights: context.address(writes.newW),
    update: update.run,
  };
}

function rangeUpdateOf(call: KernelCall, context: BindContext) {
  switch (call.kernel) {
    case 'adam':
      return { call, run: updateByAdam(call, context) };
    case 'sgd':
      return { call, run: updateBySgd(call, context) };
    case 'rmsprop':
      return { call, run: updateByRmsprop(call, context) };
    case 'lion':
      return { call, run: updateByLion(call, context) };
    default:
      return undefined;
  }
}
