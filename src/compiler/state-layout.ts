import { type Shape, sizeOf } from '../core/shape.js';
import { BUFFER_ALIGNMENT } from '../plan/plan.js';
import {
  type StateEntry,
  type StateLayout,
  type StateRole,
  TRAINABLE_ENTRY,
} from '../plan/state-layout.js';

/** A weight as the state knows it. */
export interface StateVariable {
  /** Unique name, such as `conv/kernel`. */
  entry: string;
  shape: Shape;
  /** Whether this training run changes it. */
  trained: boolean;
}

/** State entry of all their gradients together. */
export const GRADIENTS_ENTRY = '@gradients';

/** Name of the state entry that holds the gradient of a weight. */
export function gradientEntry(entry: string): string {
  return `gradient:${entry}`;
}

/** Name of the state entry that holds an optimizer slot of all trained weights. */
export function slotEntry(slot: string): string {
  return `slot:${slot}`;
}

function aligned(size: number): number {
  return Math.ceil(size / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}

/**
 * Lays the state out: trained weights side by side, their gradients in the same order, frozen weights
 * and moving statistics, then this replica's shard of every optimizer slot. Every array begins on a
 * cache line. Without slots no gradients are kept: the layout of a model that only predicts.
 */
export function layOutState(
  variables: readonly StateVariable[],
  slots: readonly string[] | undefined,
  replicas: number,
): StateLayout {
  const entries: StateEntry[] = [];
  let cursor = 0;
  const place = (name: string, role: StateRole, shape: Shape): void => {
    const size = sizeOf(shape);
    entries.push({ name, role, shape, offset: cursor, size });
    cursor += aligned(size);
  };
  const range = (
    name: string,
    role: StateRole,
    members: readonly StateVariable[],
    rename: (entry: string) => string,
  ) => {
    const offset = cursor;
    for (const { entry, shape } of members) place(rename(entry), role, shape);
    const size = cursor - offset;
    entries.push({ name, role, shape: [size], offset, size });
    return { offset, size };
  };
  const training = slots !== undefined;
  const trained = training ? variables.filter((variable) => variable.trained) : [];
  const trainable = range(TRAINABLE_ENTRY, 'weight', trained, (entry) => entry);
  const gradients = range(GRADIENTS_ENTRY, 'gradient', trained, gradientEntry);
  for (const variable of variables) {
    if (!trained.includes(variable)) place(variable.entry, 'weight', variable.shape);
  }
  const shards = splitEvenly(trainable.size, replicas);
  const shardSize = Math.max(...shards.counts);
  const slotRanges = (slots ?? []).map((name) => {
    const offset = cursor;
    place(slotEntry(name), 'slot', [shardSize]);
    return { name, offset, size: shardSize };
  });
  return { size: cursor, entries, trainable, gradients, slots: slotRanges, shards };
}

/** Ranges of nearly equal size that begin on cache lines. */
function splitEvenly(size: number, parts: number): { starts: number[]; counts: number[] } {
  const step = aligned(Math.ceil(size / parts));
  const starts = Array.from({ length: parts }, (_, i) => Math.min(i * step, size));
  const counts = starts.map((start) => Math.min(step, size - start));
  return { starts, counts };
}
