import type { RateGroup } from '../ops/optimizer-update.js';

/**
 * The trainable range of `size` elements as groups of equal rates. Neighbours that agree become one group,
 * and elements between two weights belong to the first.
 */
export function rateGroups(weights: readonly RateGroup[], size: number): RateGroup[] {
  const groups: RateGroup[] = [];
  weights.forEach(({ start, rateScale, decay }, i) => {
    const count = (weights[i + 1]?.start ?? size) - start;
    const last = groups.at(-1);
    if (last?.rateScale === rateScale && last.decay === decay) last.count += count;
    else groups.push({ start, count, rateScale, decay });
  });
  return groups;
}
