import type { Shape } from '../core/shape.js';

/**
 * What a range of the state arena holds. `weight`: trainable and frozen weights and moving statistics,
 * equal on every replica. `gradient`: the last step's gradients. `slot`: optimizer state, of which each
 * replica holds only its shard.
 */
export type StateRole = 'weight' | 'gradient' | 'slot';

/** A named range of the state arena; offsets and sizes count elements. */
export interface StateEntry {
  name: string;
  role: StateRole;
  shape: Shape;
  offset: number;
  size: number;
}

/**
 * The state arena, common to all plans of a model and to all replicas. Trainable weights lie side by
 * side in `trainable`; gradients repeat that order in `gradients`; slot k of trainable element e of
 * replica r's shard lies at `slots[k].offset + e − shards.starts[r]`.
 */
export interface StateLayout {
  size: number;
  entries: StateEntry[];
  /** The contiguous range of all trainable weights. */
  trainable: { offset: number; size: number };
  /** The contiguous range of their gradients. */
  gradients: { offset: number; size: number };
  /** Optimizer slots, such as Adam's m and v; `size` is that of the largest shard. */
  slots: { name: string; offset: number; size: number }[];
  /** Which elements of the trainable range each replica's optimizer updates. */
  shards: { starts: number[]; counts: number[] };
}

/** State entry of all trained weights together, in the order of the variables. */
export const TRAINABLE_ENTRY = '@trainable';

/** A trained weight: elements [start, start + count) of the trainable range. */
export interface TrainedWeight {
  /** Name, such as `conv/kernel`. */
  readonly entry: string;
  readonly start: number;
  readonly count: number;
}

/** The trained weights in the order of the range; between them may lie elements that belong to none. */
export function trainedWeights({ entries, trainable }: StateLayout): TrainedWeight[] {
  const end = trainable.offset + trainable.size;
  return entries.flatMap(({ name, role, offset, size }) => {
    const inside = offset >= trainable.offset && offset < end;
    if (role !== 'weight' || name === TRAINABLE_ENTRY || !inside) return [];
    return [{ entry: name, start: offset - trainable.offset, count: size }];
  });
}
