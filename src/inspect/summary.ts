import type { CallNode, SymbolicShape } from '../graph/symbolic-tensor.js';
import { tensorReferences } from '../network/config.js';
import type { Network } from '../network/network.js';

const BYTES_PER_VALUE = 4;
const DEFAULT_WIDTH = 100;
const NARROWEST_COLUMN = 8;

/** A layer in a summary. */
export interface SummaryRow {
  /** Name of the layer. */
  readonly name: string;
  /** Class of the layer, as in Keras. */
  readonly className: string;
  /** Shape of the first output of the first call, with `null` for the batch. */
  readonly outputShape: SymbolicShape;
  /** Number of values in the layer's weights. */
  readonly params: number;
  /** Where the inputs of all calls come from, as `layer[call][output]`. */
  readonly connectedTo: readonly string[];
}

/** Numbers of values in the weights of a network, each weight counted once. */
export interface ParameterCounts {
  /** All values of all weights. */
  readonly total: number;
  /** Values that training changes. */
  readonly trainable: number;
  /** Values that training leaves alone. */
  readonly nonTrainable: number;
}

/** Counts the values in all weights. */
export function countParameters(network: Network): ParameterCounts {
  let trainable = 0;
  let nonTrainable = 0;
  for (const entry of network.variables) {
    if (entry.trainable) trainable += entry.variable.size;
    else nonTrainable += entry.variable.size;
  }
  return { total: trainable + nonTrainable, trainable, nonTrainable };
}

/** One row for each layer, in the order of `network.layers`. */
export function summarize(network: Network): SummaryRow[] {
  const reference = tensorReferences(network);
  const calls = new Map<unknown, CallNode[]>();
  for (const node of network.nodes) calls.set(node.layer, [...(calls.get(node.layer) ?? []), node]);
  return network.layers.map((layer) => {
    const nodes = (calls.get(layer) ?? []).sort((a, b) => a.call - b.call);
    const sources = nodes.flatMap((node) => node.inputs.map(reference));
    return {
      name: layer.name,
      className: layer.className,
      outputShape: nodes[0].outputs[0].shape,
      params: layer.countParams(),
      connectedTo: sources.map(([name, call, index]) => `${name}[${call}][${index}]`),
    };
  });
}

const grouped = (count: number) => count.toLocaleString('en-US');

function bytes(count: number): string {
  let size = count * BYTES_PER_VALUE;
  for (const unit of ['B', 'KB', 'MB', 'GB']) {
    if (size < 1024 || unit === 'GB') return `${size.toFixed(2)} ${unit}`;
    size /= 1024;
  }
  return '';
}

/** The text in lines of at most `width` characters, broken at spaces where possible. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  lines.push(line);
  return lines;
}

interface Column {
  title: string;
  right?: boolean;
  cell(row: SummaryRow): string;
}

const columns: readonly Column[] = [
  { title: 'Layer (type)', cell: (row) => `${row.name} (${row.className})` },
  {
    title: 'Output shape',
    cell: (row) => `(${row.outputShape.map((size) => size ?? 'N').join(', ')})`,
  },
  { title: 'Params', right: true, cell: (row) => grouped(row.params) },
  { title: 'Connected to', cell: (row) => row.connectedTo.join(', ') || '-' },
];

/** Whether every layer has at most one source, the row above. */
function isChain(rows: readonly SummaryRow[]): boolean {
  return rows.every(({ connectedTo }, i) =>
    i === 0 ? connectedTo.length === 0 : connectedTo.join() === `${rows[i - 1].name}[0][0]`,
  );
}

/** Widths of the columns; the widest give way until the table fits. */
function columnWidths(cells: readonly (readonly string[])[], width: number): number[] {
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const borders = 3 * widths.length + 1;
  for (;;) {
    const widest = Math.max(...widths);
    const excess = widths.reduce((sum, one) => sum + one, borders) - width;
    if (excess <= 0 || widest <= NARROWEST_COLUMN) return widths;
    widths[widths.indexOf(widest)] = widest - 1;
  }
}

/**
 * The rows as a table in the manner of Keras, and the parameter counts below it.
 * @param totals what `countParameters` gives. @param width of the table at most, in characters.
 */
export function formatSummary(
  rows: readonly SummaryRow[],
  totals: ParameterCounts,
  width = DEFAULT_WIDTH,
): string {
  const shown = isChain(rows) ? columns.slice(0, -1) : columns;
  const cells = [
    shown.map(({ title }) => title),
    ...rows.map((row) => shown.map((c) => c.cell(row))),
  ];
  const widths = columnWidths(cells, width);
  const rule = (left: string, middle: string, right: string, line: string) =>
    `${left}${widths.map((one) => line.repeat(one + 2)).join(middle)}${right}`;
  const draw = (row: readonly string[]): string[] => {
    const wrapped = row.map((cell, i) => wrap(cell, widths[i]));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, y) => {
      const parts = wrapped.map((lines, i) => {
        const text = lines[y] ?? '';
        return shown[i].right ? text.padStart(widths[i]) : text.padEnd(widths[i]);
      });
      return `│ ${parts.join(' │ ')} │`;
    });
  };
  const [header, ...body] = cells;
  const count = (label: string, value: number) => ` ${label}: ${grouped(value)} (${bytes(value)})`;
  return [
    rule('┌', '┬', '┐', '─'),
    ...draw(header),
    rule('├', '┼', '┤', '─'),
    ...body.flatMap(draw),
    rule('└', '┴', '┘', '─'),
    count('Total params', totals.total),
    count('Trainable params', totals.trainable),
    count('Non-trainable params', totals.nonTrainable),
  ].join('\n');
}
