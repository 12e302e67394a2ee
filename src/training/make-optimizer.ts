import type { Rates } from '../ops/optimizer-update.js';
import type { Optimizer, UpdateResult, UpdateScope } from './optimizer.js';
import { checkOptions, type OptimizerOptions } from './optimizer-options.js';
import { rateGroups } from './rate-groups.js';
import { withLearningRate } from './schedules/scheduled-rate.js';
import { matchesWeight, multiplierOf, requireMatches } from './weight-patterns.js';

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
 * An optimizer by its method, with what all of them can do.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function makeOptimizer(method: UpdateMethod, options: OptimizerOptions): Optimizer {
  const { name, slots, config, defaults } = method;
  const given = { ...defaults, ...checkOptions(name, options, Object.keys(config)) };
  const { learningRate, ...others } = given;
  const optimizer = {
    name,
    slots,
    emit: (scope: UpdateScope) => method.emit(scope, ratesOf(scope, given)),
    getConfig: () => ({ ...config, ...others }),
  };
  return withLearningRate(optimizer, learningRate);
}

/** The rates of every weight: those of its groups, and no decay where it is left out. */
function ratesOf(
  { w, shards, weights, modelWeights }: UpdateScope,
  options: OptimizerOptions,
): Rates {
  const {
    weightDecay = 0,
    excludeFromWeightDecay = [],
    weightDecayMultipliers = {},
    learningRateMultipliers = {},
  } = options;
  requireMatches('weightDecayMultipliers', weightDecayMultipliers, modelWeights);
  requireMatches('learningRateMultipliers', learningRateMultipliers, modelWeights);
  const groups = rateGroups(weights, w.shape[0], (entry) => {
    const excluded = excludeFromWeightDecay.some((pattern) => matchesWeight(pattern, entry));
    return {
      rateScale: multiplierOf(learningRateMultipliers, entry),
      decay: excluded ? 0 : weightDecay * multiplierOf(weightDecayMultipliers, entry),
    };
  });
  return { shards, groups };
}
