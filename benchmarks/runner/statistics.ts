import type { Figures, Measurement, Ratio } from './question.js';

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What a ratio is held against. */
export type Target = Pick<Ratio, 'label' | 'floor' | 'goal' | 'better' | 'unit'>;

/** A ratio by its values in the rounds. */
export function ratioOfRounds(values: readonly number[], target: Target): Ratio {
  return { ...target, value: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/**
 * Quotients of two contenders round by round: what slows the whole machine for a while cancels. A
 * contender with fewer rounds counts with its median.
 */
export function quotients(ours: Measurement, other: Measurement): number[] {
  const paired = ours.values.length === other.values.length;
  return ours.values.map((value, i) => value / (paired ? other.values[i] : median(other.values)));
}

/** Our contender over another one; none when one of them is absent. */
export function compare(figures: Figures, ours: string, other: string, target: Target): Ratio[] {
  const [a, b] = [figures.measured.get(ours), figures.measured.get(other)];
  return a === undefined || b === undefined ? [] : [ratioOfRounds(quotients(a, b), target)];
}

/** The measurement of the peer that is best by its median among those of these ids. */
export function bestOf(
  figures: Figures,
  ids: readonly string[],
  better: 'higher' | 'lower',
): Measurement | undefined {
  const found = ids.flatMap((id) => figures.measured.get(id) ?? []);
  const sign = better === 'higher' ? -1 : 1;
  return found.sort((a, b) => sign * (median(a.values) - median(b.values)))[0];
}

/** Our contender over the best of its peers, whose label is the ratio's. */
export function compareWithBest(
  figures: Figures,
  ours: string,
  peers: readonly string[],
  target: Omit<Target, 'label'>,
): Ratio[] {
  const best = bestOf(figures, peers, target.better);
  if (best === undefined) return [];
  const label = `over ${best.contender.label}`;
  return compare(figures, ours, best.contender.id, { ...target, label });
}
