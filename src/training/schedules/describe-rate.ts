import type { LearningRateSchedule } from './schedule.js';

/** A learning rate as JSON: the number, or the schedule's name and options. */
export function describeRate(
  rate: number | LearningRateSchedule,
): number | { name: string; config: Record<string, unknown> } {
  if (typeof rate === 'number') return rate;
  return { name: rate.name, config: rate.getConfig() };
}
