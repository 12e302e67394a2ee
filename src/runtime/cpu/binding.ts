import type { BufferId, KernelCall, KernelName } from '../../plan/kernels.js';
import type { RunParameters } from '../executor.js';
import type { GateDraws } from '../gate-draws.js';
import type { BoundCall } from './bound-call.js';
import type { Collective } from './collective.js';
import type { GemmProvider } from './gemm-provider.js';
import type { KernelExports } from './kernel-module.js';
import type { UpdateWatch } from './update-watch.js';

/** What binders may use: the memory, the compiled kernels, and the services of one replica. */
export interface BindContext {
  readonly kernels: KernelExports;
  readonly memory: WebAssembly.Memory;
  /** Byte address of a buffer in the replica's memory. */
  address(buffer: BufferId): number;
  readonly gemm: GemmProvider;
  readonly collective: Collective;
  /** Parameters of the run under way; the object stays, its fields change. */
  readonly parameters: Readonly<RunParameters>;
  /** The gates of the run under way. */
  readonly draws: GateDraws;
  /** Looks at what the plan's only update of weights does; undefined where there is no such update. */
  readonly watch?: UpdateWatch | undefined;
}

/** Turns a call of a plan into something that runs; one per kernel, in a closed table. */
export type Binder<K extends KernelName> = (
  call: Extract<KernelCall, { kernel: K }>,
  context: BindContext,
) => BoundCall;
