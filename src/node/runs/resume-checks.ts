import { DataError, ValueError } from '../../core/errors.js';
import type { LoadedDataset } from '../data/load-dataset.js';
import type { TrainingPhase } from './checkpoint.js';
import {
  type RunData,
  type RunPosition,
  type RunRecord,
  type RunSettings,
  stepsOfEpoch,
} from './run-record.js';

/**
 * Throws when there is nothing to go on with.
 * @param settings those of the run with the changes applied.
 */
export function checkResumable(
  path: string,
  before: RunRecord,
  learningRate: number | undefined,
  settings: RunSettings,
): void {
  const { status, failure, position } = before;
  if (status === 'done' && settings.epochs <= position.epoch) {
    throw new ValueError(
      `run ${path} is finished: it has done ${position.epoch} of ${position.epoch} epochs; give a larger --epochs to go on.`,
    );
  }
  if (failure?.code === 'E_DIVERGED' && learningRate === undefined) {
    throw new ValueError(
      `run ${path} failed when its loss was no longer finite, which would happen again; give a lower --learning-rate.`,
    );
  }
}

/** Throws when the data is not what the run began with, by the classes and the numbers of samples. */
export function checkSameData(
  path: string,
  before: RunData,
  { train, validation, test, info }: LoadedDataset,
) {
  if (info.classNames.join('\n') !== before.classNames.join('\n')) {
    throw new DataError(
      `run ${path} began with the classes ${before.classNames.join(', ')}, but the data has ` +
        `${info.classNames.join(', ')} now; give its data folder by --data.`,
    );
  }
  const counts = [train.size, validation.size, test.size].join(' + ');
  const expected = [before.train, before.validation, before.test].join(' + ');
  if (counts === expected) return;
  throw new DataError(
    `run ${path} began with ${expected} images, but the data has ${counts} now; give its data folder by --data.`,
  );
}

/** Where the weights stand, by their own count of steps. */
export function positionOf(
  record: RunRecord,
  iterationsInAll: number,
): { position: RunPosition; notes: string[] } {
  const steps = stepsOfEpoch(record);
  const { position, stepsBefore = 0 } = record;
  const iterations = Math.max(0, iterationsInAll - stepsBefore);
  if (position.epoch * steps + position.batch === iterations) return { position, notes: [] };
  const epoch = Math.floor(iterations / steps);
  const batch = iterations % steps;
  return {
    position: { epoch, batch, samples: 0, sums: {} },
    notes: [
      `The run was killed while it saved: its weights stand at step ${batch} of epoch ${epoch + 1}, and it goes on from there. Figures of what came before are missing.`,
    ],
  };
}

/** What to tell when a run goes on beyond the epochs that it was meant to have. */
export function extensionNotes(
  before: RunRecord,
  { epochs, schedule }: RunSettings,
  phase: TrainingPhase | undefined,
): string[] {
  const planned = before.settings.epochs;
  if (epochs <= planned) return [];
  const scheduled =
    schedule === undefined
      ? []
      : [
          `The schedule '${schedule.name}' is not stretched from ${planned} to ${epochs} epochs: it goes on as it was begun; --learning-rate gives a constant rate instead.`,
        ];
  const ended =
    phase === 'finished'
      ? [
          'Callbacks had done what they do at the end: training goes on from the weights that they left.',
        ]
      : [];
  return [...scheduled, ...ended];
}

/** What to tell when a run goes on with another engine. */
export function engineNotes(before: RunRecord, now: RunRecord): string[] {
  const name = ({ executor, replicas, gemm }: RunRecord['engine']) =>
    `${executor}, ${replicas} replicas, ${gemm}`;
  if (name(before.engine) === name(now.engine)) return [];
  return [
    `The run began on another engine (${name(before.engine)}): weights will agree to rounding, not bit by bit.`,
  ];
}
