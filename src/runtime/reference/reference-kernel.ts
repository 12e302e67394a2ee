import type { KernelName, KernelTable } from '../../plan/kernels.js';
import type { RunParameters } from '../executor.js';

/** Storage of the reference executor: float32 like every executor, or float64 for gradient checks. */
export type FloatArray = Float32Array | Float64Array;

/** Kernels in which the replicas exchange data. */
export type CollectiveName = 'allReduceSum' | 'allGather' | 'reduceScatter' | 'allGatherShards';

/** A call whose operands are views into a replica's arenas. */
export interface ReferenceCall<K extends KernelName> {
  readonly reads: Record<KernelTable[K]['reads'], FloatArray> &
    Partial<Record<KernelTable[K]['optionalReads'], FloatArray>>;
  readonly writes: Record<KernelTable[K]['writes'], FloatArray> &
    Partial<Record<KernelTable[K]['optionalWrites'], FloatArray>>;
  readonly attributes: KernelTable[K]['attributes'];
  readonly parameters: Readonly<RunParameters>;
}

/** A kernel that works on one replica's arrays. */
export type LocalKernel<K extends KernelName> = (call: ReferenceCall<K>) => void;

/** A kernel that works on the arrays of all replicas at once, in replica order. */
export type CollectiveKernel<K extends KernelName> = (calls: readonly ReferenceCall<K>[]) => void;

/** The reference implementation of kernel K. */
export type ReferenceKernel<K extends KernelName> = K extends CollectiveName
  ? CollectiveKernel<K>
  : LocalKernel<K>;
