import type { AnswerRecord } from './bench-record.js';
import type { Ratio } from './question.js';
import { formatMark, formatRatio, verdictOf, verdictWords } from './verdict.js';

/** Cores busy with other programs from which a figure is marked. */
const DISTURBED = 0.15;

/** The answers as text: ratios first, then what was measured. */
export function formatAnswers(answers: Readonly<Record<string, AnswerRecord>>): string {
  const ratios = Object.entries(answers).flatMap(([letter, { ratios }]) =>
    ratios.map((ratio) => ratioRow(letter, ratio)),
  );
  const header = ['', 'Ratio', 'Median', 'Spread', 'Floor', 'Goal', ''];
  const sections = Object.entries(answers).map(([letter, answer]) => measuredText(letter, answer));
  return [...alignRows([header, ...ratios]), '', ...sections].join('\n');
}

function ratioRow(letter: string, ratio: Ratio): string[] {
  const { label, value, low, high, floor, goal, unit } = ratio;
  return [
    letter,
    label,
    formatRatio(value, unit),
    `${formatRatio(low, unit)} – ${formatRatio(high, unit)}`,
    floor > 0 ? formatMark(floor, ratio) : '',
    formatMark(goal, ratio),
    verdictWords[verdictOf(ratio)],
  ];
}

function measuredText(letter: string, { title, contenders, absent }: AnswerRecord): string {
  const rows = contenders.map((one) => [
    `  ${one.label}`,
    `${one.median} ${one.unit}`,
    `${one.low} – ${one.high}`,
    one.peakMebibytes === undefined ? '' : `${one.peakMebibytes} MiB`,
    [
      one.variant ?? '',
      one.disturbance > DISTURBED ? `(others kept ${one.disturbance} cores busy)` : '',
    ]
      .join(' ')
      .trim(),
  ]);
  const missing = absent.map(({ label, problem }) => `  ${label}: not measured: ${problem}`);
  return [`${letter}. ${title}`, ...alignRows(rows), ...missing, ''].join('\n');
}

function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
