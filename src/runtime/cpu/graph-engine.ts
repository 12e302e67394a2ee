import type { BufferId } from '../../plan/kernels.js';
import type { Plan } from '../../plan/plan.js';
import type { BoundCall } from './bound-call.js';

/** What a graph engine sees of a replica. */
export interface GraphHost {
  readonly plan: Plan;
  /** Threads that a run may use. */
  readonly threads: number;
  /** A buffer in the replica's memory. */
  view(buffer: BufferId): Float32Array;
  /** `size` elements of the state from `offset` on. */
  state(offset: number, size: number): Float32Array;
}

/** Neighbouring calls of a plan that run as one. */
export interface BoundStretch {
  /** Place of the first call in `Plan.calls`, and how many it stands for. */
  readonly first: number;
  readonly count: number;
  /** Runs it; as the graph, or by the given calls where making the graph does not pay yet. */
  run(calls: BoundCall): void | Promise<void>;
  /** Frees what only this stretch holds. */
  release(): void;
}

/** Runs stretches of plans whose weights are constants. */
export interface GraphEngine {
  /** Short name, such as `onnxruntime`. */
  readonly name: string;
  /** Binds the best stretch of the plan; undefined when there is none. */
  bind(host: GraphHost): BoundStretch | undefined;
  /** Weights have changed: what was derived from them is of no use any more. */
  weightsChanged(): void;
  /** Frees everything. */
  dispose(): void;
}
