import type { TrainedWeight } from '../compiler/state-layout.js';
import type { RateGroup } from '../ops/optimizer-update.js';

/** How fast a weight changes: `rateScale` times the learning rate, decaying by `decay` times that. */
export interface WeightRates {
  readonly rateScale: number;
  readonly decay: number;
}

/**
 * The trainable range of `size` elements as groups of equal rates. Neighbours that agree become one group,
 * and elements between two weights belong to the first.
 */
export function rateGroups(
  weights: readonly TrainedWeight[],
  size: number,
  ratesOf: (entry: string) => WeightRates,
): RateGroup[] {
  const groups: RateGroup[] = [];
  weights.forEach(({ entry, start }, i) => {
    const count = (weights[i + 1]?.start ?? size) - start;
    const { rateScale, decay } = ratesOf(entry);
    const last = groups.at(-1);
    if (last?.rateScale === rateScale && last.decay === decay) last.count += count;
    else groups.push({ start, count, rateScale, decay });
  });
  return groups;
}
