import { ExecutorError } from '../../core/errors.js';
import type { KernelCall } from '../../plan/kernels.js';
import type { Plan, PlanBuffer } from '../../plan/plan.js';
import { writesState } from '../../plan/writes-state.js';
import { CallTimes } from '../call-times.js';
import type { ReplicaTimings, RunParameters } from '../executor.js';
import { GateDraws } from '../gate-draws.js';
import { sequence } from './bind/sequence.js';
import { bindShardUpdate, SHARD_UPDATE_CALLS, soleUpdate } from './bind/shard-update.js';
import { bindCall } from './binders.js';
import type { BindContext } from './binding.js';
import type { BoundCall } from './bound-call.js';
import type { Collective } from './collective.js';
import type { GemmProvider } from './gemm-provider.js';
import type { BoundStretch, GraphEngine } from './graph-engine.js';
import type { KernelExports } from './kernel-module.js';
import type { SharedInput, SharedOutput, StateDraw, StatePiece } from './messages.js';
import type { ReplicaMemory } from './replica-memory.js';
import type { Shard } from './shard-parts.js';
import { AbortedError } from './shared-collective.js';
import type { UpdateWatch, WatchedShard } from './update-watch.js';

/** What a replica works with. */
export interface ReplicaServices {
  memory: ReplicaMemory;
  kernels: KernelExports;
  gemm: GemmProvider;
  collective: Collective;
  /** Looks at weights and gradients in steps that are watched. */
  watch: UpdateWatch;
  /** Whether to time every call. */
  profile: boolean;
  /** Runs stretches of plans that do not change the weights, if there is one. */
  graphs?: GraphEngine;
}

/** A copy between shared memory and the replica's own, made ready. */
interface Transfer {
  from: Float32Array;
  to: Float32Array;
}

interface BoundPlan {
  plan: Plan;
  inputs: SharedInput[];
  outputs: SharedOutput[];
  calls: BoundCall[];
  /** The calls that run as one, in the place of the first. */
  stretch: BoundStretch | undefined;
  changesWeights: boolean;
  /** Whether one call makes all of the update, so that it can be watched while it does. */
  hasSoleUpdate: boolean;
  /** Copies of the inputs, by set. */
  incoming: [Transfer[], Transfer[]];
  outgoing: Transfer[];
  times: CallTimes;
  /** The memory and the scratch address that the calls were bound for. */
  buffer: ArrayBufferLike;
  scratch: number;
}

/** One replica: its memory, and the plans bound to it. */
export class Replica {
  readonly #services: ReplicaServices;
  readonly #parameters: RunParameters = { step: 0, learningRate: 0, seed: 0 };
  readonly #draws = new GateDraws(this.#parameters);
  readonly #plans = new Map<number, BoundPlan>();
  #milliseconds = new Float64Array(0);

  constructor(services: ReplicaServices) {
    this.#services = services;
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#services.memory.bytes;
  }

  /** Milliseconds per call of the last run; empty unless profiling. */
  get milliseconds(): Float64Array {
    return this.#milliseconds;
  }

  /**
   * Makes a zero-filled state arena of `size` elements, in which lies this replica's shard of the weights.
   * Throws ExecutorError when memory is short.
   */
  allocateState(size: number, shard: Shard): void {
    const { graphs, memory, watch } = this.#services;
    graphs?.weightsChanged();
    memory.allocateState(size);
    watch.setShard(shard);
  }

  /** Copies pieces of `data` into the state. */
  write(data: Float32Array, pieces: readonly StatePiece[]): void {
    this.#services.graphs?.weightsChanged();
    const state = this.#state();
    for (const piece of pieces) {
      state.set(data.subarray(piece.data, piece.data + piece.count), piece.state);
    }
  }

  /** Makes first values in place. */
  draw(draws: readonly StateDraw[]): void {
    const { kernels, memory, graphs } = this.#services;
    graphs?.weightsChanged();
    const state = this.#state();
    for (const { state: first, count, values } of draws) {
      if (values.kind === 'constant') {
        state.fill(values.value, first, first + count);
        continue;
      }
      const { limit, seed, stream } = values;
      const address = memory.state + 4 * first;
      kernels.uniform_f32(address, count, limit, stream[0], stream[1], seed, seed / 2 ** 32);
    }
  }

  /** Copies pieces of the state into `data`. */
  read(data: Float32Array, pieces: readonly StatePiece[]): void {
    const state = this.#state();
    for (const piece of pieces) {
      data.set(state.subarray(piece.state, piece.state + piece.count), piece.data);
    }
  }

  /**
   * Binds a plan under a number.
   * @throws ExecutorError when memory is short or a call cannot be bound.
   */
  prepare(id: number, plan: Plan, inputs: SharedInput[], outputs: SharedOutput[]): void {
    const { memory } = this.#services;
    memory.reserveScratch(plan.scratchSize);
    const times = new CallTimes(plan.calls.length);
    this.#plans.set(id, { times, ...this.#bind(plan, inputs, outputs) });
  }

  /** Where the time of a plan's runs went; zeros unless profiling. */
  timings(id: number): ReplicaTimings {
    return this.#current(id).times.means();
  }

  /** Forgets a plan. */
  release(id: number): void {
    this.#plans.get(id)?.stretch?.release();
    this.#plans.delete(id);
  }

  /** Runs a plan once. @throws ExecutorError naming the call that failed, or AbortedError. */
  async run(id: number, set: 0 | 1, parameters: RunParameters): Promise<void> {
    const bound = this.#current(id);
    const { profile, graphs } = this.#services;
    const began = performance.now();
    if (profile) bound.times.begin();
    if (bound.changesWeights) graphs?.weightsChanged();
    Object.assign(this.#parameters, parameters);
    for (const { from, to } of bound.incoming[set]) to.set(from);
    const { calls } = bound;
    let place = 0;
    try {
      if (profile) {
        const { collective } = this.#services;
        const milliseconds = new Float64Array(calls.length);
        this.#milliseconds = milliseconds;
        for (; place < calls.length; place++) {
          const start = performance.now();
          const { waited } = collective;
          const pending = calls[place]();
          if (pending !== undefined) await pending;
          milliseconds[place] = performance.now() - start;
          bound.times.add(place, milliseconds[place], collective.waited - waited);
        }
      } else {
        for (; place < calls.length; place++) {
          const pending = calls[place]();
          if (pending !== undefined) await pending;
        }
      }
    } catch (error) {
      if (error instanceof AbortedError) throw error;
      throw callError(bound.plan, place, 'failed', error);
    }
    for (const { from, to } of bound.outgoing) to.set(from);
    if (profile) bound.times.end(performance.now() - began);
  }

  /** Runs a plan once and tells what it found and did to this replica's shard of the weights. */
  async runWatched(id: number, set: 0 | 1, parameters: RunParameters): Promise<WatchedShard> {
    const { watch } = this.#services;
    watch.begin(this.#current(id).hasSoleUpdate);
    await this.run(id, set, parameters);
    return watch.end();
  }

  /** Frees what GEMM holds. */
  async dispose(): Promise<void> {
    this.#plans.clear();
    this.#services.graphs?.dispose();
    await this.#services.gemm.dispose();
  }

  #state(): Float32Array {
    const { memory } = this.#services;
    return new Float32Array(memory.memory.buffer, memory.state, memory.stateSize);
  }

  /** The plan, bound anew if the arenas have moved since. */
  #current(id: number): BoundPlan {
    const bound = this.#plans.get(id);
    if (bound === undefined) throw new ExecutorError(`plan number ${id} was never prepared.`);
    const { memory } = this.#services;
    if (bound.buffer === memory.memory.buffer && bound.scratch === memory.scratch) return bound;
    const { plan, inputs, outputs, times } = bound;
    const rebound = { times, ...this.#bind(plan, inputs, outputs) };
    this.#plans.set(id, rebound);
    // Only now, so that what both share is kept.
    bound.stretch?.release();
    return rebound;
  }

  #bind(plan: Plan, inputs: SharedInput[], outputs: SharedOutput[]): Omit<BoundPlan, 'times'> {
    const { memory, kernels, gemm, collective, graphs, watch } = this.#services;
    if (plan.stateSize > memory.stateSize) {
      throw new ExecutorError(
        `plan '${plan.name}' needs a state of ${plan.stateSize} elements but ${memory.stateSize} ` +
          'are allocated; call allocateState with the layout that the plan was compiled for.',
      );
    }
    const address = (id: number) => {
      const buffer = plan.buffers[id];
      return (buffer.region === 'state' ? memory.state : memory.scratch) + 4 * buffer.offset;
    };
    const view = (buffer: PlanBuffer, count: number) =>
      new Float32Array(memory.memory.buffer, address(buffer.id), count);
    const hasSoleUpdate = soleUpdate(plan.calls) !== undefined;
    const context: BindContext = {
      kernels,
      memory: memory.memory,
      address,
      gemm,
      collective,
      parameters: this.#parameters,
      draws: this.#draws,
      ...(hasSoleUpdate && { watch }),
    };
    const bind = (call: KernelCall, place: number): BoundCall => {
      try {
        return bindCall(call, context);
      } catch (error) {
        throw callError(plan, place, 'cannot be bound', error);
      }
    };
    const calls = plan.calls.map(bind);
    // Timed calls stay apart, so that each has its own time.
    if (!this.#services.profile) joinShardUpdates(plan, calls, context);
    const stretch = graphs?.bind({
      plan,
      threads: threadsOf(plan),
      view: (id) => view(plan.buffers[id], plan.buffers[id].size),
      state: (offset, size) => this.#state().subarray(offset, offset + size),
    });
    if (stretch !== undefined) {
      const { first, count } = stretch;
      const one = sequence(calls.slice(first, first + count));
      calls.fill(done, first, first + count);
      calls[first] = () => stretch.run(one);
    }
    const receive = (set: 0 | 1) =>
      inputs.map(({ sets, first, count }, i) => ({
        from: new Float32Array(sets[set], 4 * first, count),
        to: view(plan.buffers[plan.inputs[i].buffer], count),
      }));
    return {
      plan,
      inputs,
      outputs,
      calls,
      stretch,
      changesWeights: writesState(plan),
      hasSoleUpdate,
      incoming: [receive(0), receive(1)],
      outgoing: outputs.map(({ data, first, count }, i) => ({
        from: view(plan.buffers[plan.outputs[i].buffer], count),
        to: new Float32Array(data, 4 * first, count),
      })),
      buffer: memory.memory.buffer,
      scratch: memory.scratch,
    };
  }
}

/** Puts one call in the place of those that exchange gradients, update a shard and exchange weights. */
function joinShardUpdates(plan: Plan, calls: BoundCall[], context: BindContext): void {
  for (let place = 0; place < calls.length; place++) {
    const three = plan.calls.slice(place, place + SHARD_UPDATE_CALLS);
    const joined = bindShardUpdate(three, context);
    if (joined === undefined) continue;
    calls[place] = joined;
    calls.fill(done, place + 1, place + SHARD_UPDATE_CALLS);
  }
}

/** Stands where another call has done the work. */
const done: BoundCall = () => {};

/** Threads for each replica that has something to do: those without work lend theirs. */
function threadsOf({ share: { shares } }: Plan): number {
  const busy = shares.filter((samples) => samples > 0).length;
  return Math.max(Math.floor(shares.length / Math.max(busy, 1)), 1);
}

function callError(plan: Plan, place: number, what: string, cause: unknown): ExecutorError {
  const { kernel, source, phase } = plan.calls[place];
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const error = new ExecutorError(
    `call ${place} of plan '${plan.name}' (${kernel}, ${phase} of '${source}') ${what}: ${reason}`,
  );
  error.cause = cause;
  return error;
}
