import type { BenchRecord } from './bench-record.js';
import type { Ratio } from './question.js';
import { formatMark, formatRatio, type Verdict, verdictOf } from './verdict.js';

const WIDTH = 1000;
const LEFT = 400;
const RIGHT = 200;
const TOP = 92;
const ROW = 34;
const BAR = 16;
const BOTTOM = 42;
/** Where the axis ends, in shares of the goal; longer bars are cut and marked. */
const MOST = 1.5;

const COLORS: Readonly<Record<Verdict, string>> = {
  goal: '#1a7f4e',
  floor: '#3b74b9',
  below: '#c2571a',
};
const LEGEND: readonly (readonly [string, string])[] = [
  [COLORS.goal, 'goal reached'],
  [COLORS.floor, 'floor reached'],
  [COLORS.below, 'below the floor'],
];

/**
 * The ratios as an SVG picture: a bar each, in shares of its goal, so that one line is the goal of all;
 * a tick is the floor, a thin line the spread. Where less is better, the share is goal over value.
 */
export function drawRatios({ machine, answers }: BenchRecord): string {
  const rows = Object.entries(answers).flatMap(([letter, { ratios }]) =>
    ratios.map((ratio) => ({ letter, ratio })),
  );
  const height = TOP + rows.length * ROW + BOTTOM;
  const end = TOP + rows.length * ROW;
  const days = Object.values(answers).map(({ date }) => date.slice(0, 10));
  const subtitle = `${machine.processor}, ${machine.cores} cores, ${days.sort().at(-1) ?? ''}`;
  const axis = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5].map((share) => {
    const bold = share === 1;
    const line = `<line x1="${at(share)}" x2="${at(share)}" y1="${TOP - 6}" y2="${end}" stroke="${bold ? '#222' : '#e3e3e3'}" stroke-width="${bold ? 1.5 : 1}"/>`;
    const words = bold ? 'goal' : `${share * 100}%`;
    return `${line}\n${text(at(share), end + 18, words, { anchor: 'middle', size: 12, fill: bold ? '#222' : '#777' })}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, 'DejaVu Sans', sans-serif">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(20, 32, 'residuum beside its peers, in shares of each goal', { size: 19, weight: 600 }),
    text(20, 54, subtitle, { size: 13, fill: '#555' }),
    ...legend(),
    ...axis,
    ...rows.map(({ letter, ratio }, i) => drawRow(letter, ratio, TOP + i * ROW)),
    '</svg>',
    '',
  ].join('\n');
}

function legend(): string[] {
  const marks = LEGEND.map(([color, words], i) => {
    const x = LEFT + i * 130;
    return `<rect x="${x}" y="66" width="12" height="12" fill="${color}"/>\n${text(x + 18, 77, words, { size: 12, fill: '#444' })}`;
  });
  const x = LEFT + LEGEND.length * 130;
  const tick = `<line x1="${x + 6}" x2="${x + 6}" y1="63" y2="81" stroke="#222" stroke-width="2"/>`;
  return [...marks, tick, text(x + 18, 77, 'floor', { size: 12, fill: '#444' })];
}

function drawRow(letter: string, ratio: Ratio, top: number): string {
  const { label, value, low, high, floor, goal, unit } = ratio;
  const middle = top + ROW / 2;
  const share = shareOf(value, ratio);
  const color = COLORS[verdictOf(ratio)];
  const cut = share > MOST;
  const spread = [low, high].map((edge) => at(Math.min(shareOf(edge, ratio), MOST)));
  const floorAt = at(Math.min(shareOf(floor, ratio), MOST));
  const marks =
    floor > 0 && floor !== goal
      ? `floor ${formatMark(floor, ratio)}, goal ${formatRatio(goal, unit)}`
      : `goal ${formatMark(goal, ratio)}`;
  return [
    text(20, middle + 5, letter, { size: 14, weight: 600 }),
    text(42, middle + 5, label, { size: 13 }),
    `<rect x="${LEFT}" y="${middle - BAR / 2}" width="${(at(Math.min(share, MOST)) - LEFT).toFixed(1)}" height="${BAR}" fill="${color}"/>`,
    ...(cut
      ? [text(at(MOST) - 6, middle + 5, '▶', { size: 11, anchor: 'end', fill: '#fff' })]
      : []),
    `<line x1="${spread[0]}" x2="${spread[1]}" y1="${middle}" y2="${middle}" stroke="#111" stroke-opacity="0.55" stroke-width="2"/>`,
    ...(floor > 0
      ? [
          `<line x1="${floorAt}" x2="${floorAt}" y1="${middle - BAR / 2 - 3}" y2="${middle + BAR / 2 + 3}" stroke="#222" stroke-width="2"/>`,
        ]
      : []),
    text(WIDTH - RIGHT + 14, middle - 1, formatRatio(value, unit), {
      size: 13,
      weight: 600,
      fill: color,
    }),
    text(WIDTH - RIGHT + 14, middle + 12, marks, { size: 10.5, fill: '#666' }),
  ].join('\n');
}

function shareOf(value: number, { goal, better }: Ratio): number {
  return better === 'higher' ? value / goal : goal / value;
}

function at(share: number): number {
  return Math.round(LEFT + (share / MOST) * (WIDTH - LEFT - RIGHT));
}

interface TextStyle {
  size: number;
  weight?: number;
  fill?: string;
  anchor?: 'start' | 'middle' | 'end';
}

function text(x: number, y: number, words: string, style: TextStyle): string {
  const { size, weight = 400, fill = '#111', anchor = 'start' } = style;
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${safe}</text>`;
}
