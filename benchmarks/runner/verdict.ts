import type { Ratio } from './question.js';

/** How a ratio stands. */
export type Verdict = 'goal' | 'floor' | 'below';

/** How a ratio stands against floor and goal. */
export function verdictOf({ value, floor, goal, better }: Ratio): Verdict {
  const reaches = (mark: number) => (better === 'higher' ? value >= mark : value <= mark);
  if (reaches(goal)) return 'goal';
  return reaches(floor) ? 'floor' : 'below';
}

/** Words for verdicts. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  goal: 'goal reached',
  floor: 'floor reached',
  below: 'below the floor',
};

/** A value in its ratio's unit: `1.23×`, `65%`. */
export function formatRatio(value: number, unit: Ratio['unit']): string {
  if (unit === '%') return `${(value * 100).toFixed(0)}%`;
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(2)}×`;
}

/** Floor or goal with its direction: `≥ 1.10×`. */
export function formatMark(value: number, { better, unit }: Ratio): string {
  return `${better === 'higher' ? '≥' : '≤'} ${formatRatio(value, unit)}`;
}
