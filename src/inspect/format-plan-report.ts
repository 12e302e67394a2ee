import { formatShape } from '../core/shape.js';
import { formatColumns, giga, megabytes } from './format-columns.js';
import type { BufferReport, CostRow, PlanReport } from './plan-report.js';

/** What `formatPlanReport` adds. */
export interface FormatPlanReportOptions {
  /** Whether all arrays follow: where they lie, when they are in use, what lies there at other times. */
  readonly buffers?: boolean;
  /** Whether costs by kernel and by layer are shown; default true. */
  readonly costs?: boolean;
}

const HEADINGS = ['calls', 'GFLOP', 'MB'];
const NAMES_SHOWN = 4;

/** A plan explained as text: memory, fusions, costs by kernel and by layer. */
export function formatPlanReport(
  report: PlanReport,
  { buffers = false, costs = true }: FormatPlanReportOptions = {},
): string {
  const { name, shares, flops, memory } = report;
  const samples = shares.reduce((sum, count) => sum + count, 0);
  return [
    `${name}: ${samples} samples a step, shared out as ${shares.join(' + ')}; ` +
      `${giga(flops)} GFLOP in ${report.calls.length} calls`,
    `memory of a replica: ${megabytes(memory.stateBytes)} MB for weights and optimizer, ` +
      `${megabytes(memory.scratchBytes)} MB for ${scratchCount(report)} arrays, which would take ` +
      `${megabytes(memory.unsharedScratchBytes)} MB without sharing`,
    '',
    ...formatFusions(report),
    ...(costs ? formatCosts(report) : []),
    ...(buffers ? ['', ...formatBuffers(report.buffers)] : []),
  ].join('\n');
}

function scratchCount({ buffers }: PlanReport): number {
  return buffers.filter(({ region }) => region === 'scratch').length;
}

function formatFusions({ fusions }: PlanReport): string[] {
  if (fusions.length === 0) return ['no operations were fused'];
  const byRule = new Map<string, string[]>();
  for (const { rule, phase, layer, absorbed } of fusions) {
    const title = `${rule}, ${phase}`;
    const pair = layer === absorbed ? layer : `${layer} takes in ${absorbed}`;
    byRule.set(title, [...(byRule.get(title) ?? []), pair]);
  }
  return formatColumns([
    ['fused', 'times', ''],
    ...[...byRule].map(([title, pairs]) => [title, `${pairs.length}`, '']),
  ]).map((line, i) => {
    const pairs = [...byRule.values()][i - 1];
    return pairs === undefined ? line : `${line}  ${abbreviate(pairs)}`;
  });
}

function abbreviate(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? `, and ${more} more` : '');
}

function formatCosts({ kernels, layers }: PlanReport): string[] {
  const cells = (row: CostRow) => [row.name, `${row.calls}`, giga(row.flops), megabytes(row.bytes)];
  return [
    '',
    ...formatColumns([['kernel', ...HEADINGS], ...kernels.map(cells)]),
    '',
    ...formatColumns([['layer', ...HEADINGS], ...layers.map(cells)]),
  ];
}

function formatBuffers(buffers: readonly BufferReport[]): string[] {
  return formatColumns([
    ['array', 'id', 'arena', 'from byte', 'bytes', 'shape', 'calls', 'shares memory with'],
    ...buffers.map((buffer) => [
      buffer.name,
      `${buffer.id}`,
      buffer.region,
      `${buffer.offset}`,
      `${buffer.bytes}`,
      formatShape(buffer.shape),
      `${buffer.firstCall}–${buffer.lastCall}`,
      buffer.sharesWith.length === 0 ? '-' : abbreviate(buffer.sharesWith.map(String)),
    ]),
  ]);
}
