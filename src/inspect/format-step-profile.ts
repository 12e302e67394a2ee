import { formatColumns, giga, megabytes } from './format-columns.js';
import type { ProfileRow, ReplicaProfile, StepProfile } from './step-profile.js';

const HEADINGS = ['calls', 'ms', 'share', 'GFLOP', 'GFLOP/s', 'MB', 'GB/s'];

/**
 * A profile as text: the step, its replicas, then times by kernel and by layer.
 * @param options `layers`: how many layers are shown at most, the dearest ones; all by default.
 */
export function formatStepProfile(
  profile: StepProfile,
  { layers = Number.POSITIVE_INFINITY }: { layers?: number } = {},
): string {
  const { name, samples, runs, milliseconds, between } = profile;
  const perSecond = (1000 * samples) / (milliseconds + between);
  const shown = dearest(profile.layers, layers);
  const left = profile.layers.length - shown.length;
  return [
    `${name}: ${milliseconds.toFixed(1)} ms a step of ${samples}, ${perSecond.toFixed(0)} samples/s ` +
      `(mean of ${runs} ${runs === 1 ? 'step' : 'steps'}), ${profile.gflopsPerSecond.toFixed(0)} GFLOP/s`,
    '',
    ...formatColumns([
      ['replica', 'samples', 'computing ms', 'waiting ms', 'copying ms'],
      ...profile.replicas.map(replicaCells),
    ]),
    `imbalance ${percent(profile.imbalance)}; ${profile.overhead.toFixed(1)} ms for orders and answers, ` +
      `${between.toFixed(1)} ms from one step to the next`,
    '',
    ...formatColumns([
      ['kernel', ...HEADINGS],
      ...profile.kernels.map(cells),
      ...remainder(profile),
    ]),
    '',
    ...formatColumns([
      ['layer', ...HEADINGS, 'forward', 'backward'],
      ...shown.map((row) => [...cells(row), ms(row.phases.forward), ms(row.phases.backward)]),
    ]),
    ...(left > 0 ? [`and ${left} layers that take less`] : []),
  ].join('\n');
}

/** The rows that take longest, in their own order. */
function dearest(rows: readonly ProfileRow[], count: number): readonly ProfileRow[] {
  if (rows.length <= count) return rows;
  const kept = new Set([...rows].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, count));
  return rows.filter((row) => kept.has(row));
}

/** What of the step is no kernel's work. */
function remainder({ replicas, milliseconds, overhead }: StepProfile): string[][] {
  const mean = (pick: (replica: ReplicaProfile) => number) =>
    replicas.reduce((sum, replica) => sum + pick(replica), 0) / replicas.length;
  const row = (title: string, time: number) => {
    return [title, '', ms(time), percent(time / milliseconds), '', '', '', ''];
  };
  const waiting = mean((replica) => replica.waiting);
  const others = mean((replica) => replica.computing) + waiting;
  return [
    ...(replicas.length > 1 ? [row('waiting for other replicas', waiting)] : []),
    row('copying, orders, answers', Math.max(milliseconds - others, overhead)),
  ];
}

function replicaCells({ replica, samples, computing, waiting, copying }: ReplicaProfile) {
  return [`${replica}`, `${samples}`, ms(computing), ms(waiting), ms(copying)];
}

function cells(row: ProfileRow): string[] {
  return [
    row.name,
    `${row.calls}`,
    ms(row.milliseconds),
    percent(row.share),
    giga(row.flops),
    row.flops === 0 ? '-' : row.gflopsPerSecond.toFixed(0),
    megabytes(row.bytes),
    row.gigabytesPerSecond.toFixed(1),
  ];
}

function ms(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 100 ? 2 : 1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
