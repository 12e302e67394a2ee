import { ShapeError, UnknownNameError } from '../../core/errors.js';
import { makeInitialValues } from '../../core/initial-values.js';
import type { StateLayout } from '../../plan/state-layout.js';
import type { StateValues } from '../executor.js';
import type { StateDraw, StatePiece } from './messages.js';

/** An entry or optimizer slot of the state: its place in a shared array, and where replicas keep it. */
export interface LocatedState {
  name: string;
  size: number;
  /** Its first element in the shared array. */
  first: number;
  /** Pieces to write, by replica. */
  writes: StatePiece[][];
  /** Pieces that together make the whole, by the replica to read them from. */
  reads: StatePiece[][];
}

/**
 * Finds a name in the layout. Weights are whole on every replica. Of gradients only a replica's own
 * shard is sure to be summed over all replicas, so they are put together from the shards. Slots exist
 * only as shards.
 * @param first place of the item in a shared array.
 * @throws UnknownNameError
 */
export function locateState(
  layout: StateLayout,
  replicas: number,
  name: string,
  first: number,
): LocatedState {
  const { trainable, gradients, shards } = layout;
  const slot = layout.slots.find((candidate) => candidate.name === name);
  if (slot !== undefined) {
    const pieces = cutAtShards(layout, replicas, 0, trainable.size, first, (element, replica) => {
      return slot.offset + element - shards.starts[replica];
    });
    return { name, size: trainable.size, first, writes: pieces, reads: pieces };
  }
  const entry = layout.entries.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const known = [...layout.slots, ...layout.entries].map((candidate) => candidate.name);
    throw new UnknownNameError('state entry', name, known);
  }
  const { offset, size } = entry;
  const whole: StatePiece[] = [{ state: offset, data: first, count: size }];
  const writes = Array.from({ length: replicas }, () => whole);
  const once = writes.map((pieces, replica) => (replica === 0 ? pieces : []));
  if (entry.role !== 'gradient') return { name, size, first, writes, reads: once };
  const place = (element: number) => gradients.offset + element;
  const cut = cutAtShards(layout, replicas, offset - gradients.offset, size, first, place);
  const covered = cut.flat().reduce((sum, piece) => sum + piece.count, 0);
  return { name, size, first, writes, reads: covered === size ? cut : once };
}

/** All pieces of one replica. */
export function piecesOf(
  items: readonly LocatedState[],
  direction: 'writes' | 'reads',
  replica: number,
): StatePiece[] {
  return items.flatMap((item) => item[direction][replica]);
}

/**
 * Sets described values that every replica keeps whole, and so makes itself, apart from arrays; described
 * values of what replicas share out become arrays.
 * @throws UnknownNameError
 */
export function separateDraws(
  layout: StateLayout,
  replicas: number,
  values: ReadonlyMap<string, StateValues>,
): { arrays: Map<string, Float32Array>; draws: StateDraw[] } {
  const arrays = new Map<string, Float32Array>();
  const draws: StateDraw[] = [];
  for (const [name, value] of values) {
    if (value instanceof Float32Array) {
      arrays.set(name, value);
      continue;
    }
    const { size, writes } = locateState(layout, replicas, name, 0);
    const [[whole]] = writes;
    if (whole?.count === size && writes.every(([piece]) => piece?.state === whole.state)) {
      draws.push({ state: whole.state, count: size, values: value });
    } else {
      arrays.set(name, makeInitialValues(value, size));
    }
  }
  return { arrays, draws };
}

/** Checks that an array has as many elements as the item. @throws ShapeError */
export function checkStateSize({ name, size }: LocatedState, length: number): void {
  if (length === size) return;
  throw new ShapeError(
    `state entry '${name}' has ${size} elements but ${length} were given; ` +
      'pass an array of the same shape.',
  );
}

/**
 * Cuts elements [start, start + size) of the trainable range at the shards' borders.
 * @param place where in its state arena a replica keeps an element of the trainable range.
 */
function cutAtShards(
  { shards }: StateLayout,
  replicas: number,
  start: number,
  size: number,
  first: number,
  place: (element: number, replica: number) => number,
): StatePiece[][] {
  return Array.from({ length: replicas }, (_, replica) => {
    const shard = shards.starts[replica] ?? 0;
    const from = Math.max(start, shard);
    const to = Math.min(start + size, shard + (shards.counts[replica] ?? 0));
    const count = to - from;
    return count > 0 ? [{ state: place(from, replica), data: first + from - start, count }] : [];
  });
}
