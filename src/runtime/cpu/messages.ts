import type { InitialValues } from '../../core/initial-values.js';
import type { KernelChoice } from '../../plan/kernel-choice.js';
import type { Plan } from '../../plan/plan.js';
import type { ReplicaTimings, RunParameters } from '../executor.js';
import type { KernelModules } from './kernel-module.js';
import type { Shard } from './shard-parts.js';
import type { Exchange } from './shared-collective.js';
import type { WatchedShard } from './update-watch.js';

/** Which GEMM a replica shall use; `auto` takes onnxruntime where it loads. */
export type GemmChoice = 'auto' | 'onnxruntime' | 'wasm';

/** A range of a replica's state arena and its place in a shared array; all three count elements. */
export interface StatePiece {
  state: number;
  data: number;
  count: number;
}

/** A range of a replica's state arena whose values it makes itself; both count elements. */
export interface StateDraw {
  state: number;
  count: number;
  values: InitialValues;
}

/** Where a replica finds its rows of one input: an array per set, and a range of elements. */
export interface SharedInput {
  sets: readonly [SharedArrayBuffer, SharedArrayBuffer];
  first: number;
  count: number;
}

/** Where a replica leaves its part of one output; `count` is 0 where it leaves nothing. */
export interface SharedOutput {
  data: SharedArrayBuffer;
  first: number;
  count: number;
}

/** What the host asks of a replica. Every message but `release` gets one reply. */
export type HostMessage =
  | {
      type: 'start';
      replica: number;
      replicas: number;
      kernels: KernelModules;
      exchange: Exchange;
      gemm: GemmChoice;
      profile: boolean;
      graphs: boolean;
    }
  | { type: 'allocate'; size: number; shard: Shard }
  | { type: 'write'; data: SharedArrayBuffer; pieces: StatePiece[]; draws: StateDraw[] }
  | { type: 'read'; data: SharedArrayBuffer; pieces: StatePiece[] }
  | { type: 'prepare'; id: number; plan: Plan; inputs: SharedInput[]; outputs: SharedOutput[] }
  | { type: 'release'; id: number }
  | { type: 'run'; id: number; set: 0 | 1; parameters: RunParameters; watch: boolean }
  | { type: 'profile' }
  | { type: 'timings'; id: number }
  | { type: 'stop' };

/** What a replica answers. */
export type WorkerMessage =
  | { type: 'started'; gemm: string; graphs: string | undefined; choice: KernelChoice }
  | { type: 'done'; bytes: number }
  | { type: 'watched'; shard: WatchedShard }
  | { type: 'profile'; milliseconds: Float64Array }
  | { type: 'timings'; timings: ReplicaTimings }
  /** `aborted`: this replica is well, but another failed while it waited for it. */
  | { type: 'failed'; message: string; aborted: boolean };
