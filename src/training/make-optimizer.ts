import {
  accumulateGradients,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  movingAverage,
} from '../ops/gradient-update.js';
import type { Value } from '../ops/ir.js';
import type { Rates } from '../ops/optimizer-update.js';
import type { Optimizer, UpdateResult, UpdateScope } from './optimizer.js';
import { checkOptions, type OptimizerOptions, optionDefaults } from './optimizer-options.js';
import { rateGroups } from './rate-groups.js';
import { withLearningRate } from './schedules/scheduled-rate.js';
import { matchesWeight, multiplierOf, requireMatches } from './weight-patterns.js';

/** Slot of the moving average of weights. */
export const AVERAGE_SLOT = 'average';
/** Slot of the gradients of the steps since the last update. */
const ACCUMULATOR_SLOT = 'gradientAccumulator';

/** What makes one optimizer another than the others. */
export interface UpdateMethod {
  /** Name in files and messages. */
  readonly name: string;
  /** Names of the arrays that it keeps for each weight. */
  readonly slots: readonly string[];
  /** Its own options, checked, with defaults filled in. */
  readonly config: Readonly<Record<string, number | boolean>>;
  /** Defaults of the options that all optimizers have. */
  readonly defaults: { readonly learningRate: number; readonly weightDecay?: number };
  /** Emits the update. */
  emit(scope: UpdateScope, rates: Rates): UpdateResult;
}

/**
 * An optimizer by its method, with what all of them can do. As in Keras, a step adds its gradients to those
 * of the last ones, and, unless it is one that only accumulates, clips, lets weights decay and updates them;
 * then the average moves.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function makeOptimizer(method: UpdateMethod, options: OptimizerOptions): Optimizer {
  const { name, config, defaults } = method;
  const given: OptimizerOptions = {
    ...defaults,
    ...checkOptions(name, options, Object.keys(config)),
  };
  const { learningRate, ...others } = given;
  const { useEma, gradientAccumulationSteps: every = 1 } = { ...optionDefaults, ...given };
  const optimizer = {
    name,
    slots: [
      ...(useEma ? [AVERAGE_SLOT] : []),
      ...(every > 1 ? [ACCUMULATOR_SLOT] : []),
      ...method.slots,
    ],
    emit: (scope: UpdateScope) => emitUpdate(scope, method, given),
    getConfig: () => ({ ...config, ...others }),
  };
  return withLearningRate(optimizer, learningRate);
}

function emitUpdate(
  scope: UpdateScope,
  method: UpdateMethod,
  options: OptimizerOptions,
): UpdateResult {
  const { shards, keep } = scope;
  const { graph } = scope.w;
  const all = { ...optionDefaults, ...options };
  const { gradientAccumulationSteps: every = 1, useEma } = all;
  const { emaMomentum: momentum, emaOverwriteFrequency: overwriteFrequency } = all;
  const slots: Record<string, Value> = {};
  let { g } = scope;
  if (every > 1) {
    const operands = { g, a: scope.slots[ACCUMULATOR_SLOT] };
    const { newG, newA } = accumulateGradients(operands, { shards, steps: every });
    keep('gradients', newG);
    slots[ACCUMULATOR_SLOT] = newA;
    g = newG;
  }
  graph.every = every;
  const rates = ratesOf(scope, options);
  const clipped = clip(g, rates, options);
  if (clipped !== g) keep('gradients', clipped);
  const next = method.emit({ ...scope, g: clipped }, rates);
  graph.every = 1;
  Object.assign(slots, next.slots);
  if (!useEma) return { w: next.w, slots, every };
  const { w, average } = movingAverage(
    { w: next.w, average: scope.slots[AVERAGE_SLOT] },
    { shards, momentum, accumulationSteps: every, overwriteFrequency },
  );
  if (w !== next.w) keep('weights', next.w);
  slots[AVERAGE_SLOT] = average;
  // Without an accumulated update the weights may still become their average.
  return { w, slots, every: overwriteFrequency === undefined ? every : 1 };
}

function clip(g: Value, { shards, weights }: Rates, options: OptimizerOptions): Value {
  const { clipNorm, clipValue, globalClipNorm } = options;
  if (clipNorm !== undefined) return clipByNorm(g, { shards, weights, clipNorm });
  if (globalClipNorm !== undefined) {
    return clipByGlobalNorm(g, { shards, weights, clipNorm: globalClipNorm });
  }
  return clipValue === undefined ? g : clipByValue(g, shards, clipValue);
}

/** The rates of every weight: those of its groups, and no decay where it is left out. */
function ratesOf(scope: UpdateScope, options: OptimizerOptions): Rates {
  const { w, shards, weights, modelWeights } = scope;
  const {
    weightDecay,
    excludeFromWeightDecay,
    weightDecayMultipliers,
    learningRateMultipliers,
  }: Required<Pick<OptimizerOptions, keyof typeof optionDefaults>> = {
    ...optionDefaults,
    ...options,
  };
  requireMatches('weightDecayMultipliers', weightDecayMultipliers, modelWeights);
  requireMatches('learningRateMultipliers', learningRateMultipliers, modelWeights);
  const rated = weights.map(({ entry, start, count }) => {
    const excluded = excludeFromWeightDecay.some((pattern) => matchesWeight(pattern, entry));
    const rateScale = multiplierOf(learningRateMultipliers, entry);
    const decay = excluded ? 0 : weightDecay * multiplierOf(weightDecayMultipliers, entry);
    return { start, count, rateScale, decay };
  });
  return { shards, groups: rateGroups(rated, w.shape[0]), weights: rated };
}
