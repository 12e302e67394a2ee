import { ExecutorError, ValueError } from '../../core/errors.js';
import type { KernelChoice } from '../../plan/kernel-choice.js';
import type { Plan } from '../../plan/plan.js';
import type { StateLayout } from '../../plan/state-layout.js';
import type {
  Executor,
  ExecutorDescription,
  PlanTimings,
  PreparedPlan,
  RunParameters,
  RunResults,
  StateValues,
  WatchedRun,
} from '../executor.js';
import { RunClock } from '../run-clock.js';
import { compileKernels } from './kernel-module.js';
import type { GemmChoice, HostMessage, WorkerMessage } from './messages.js';
import { type ReplicaArrays, shareArrays } from './replica-arrays.js';
import { ReplicaClient, ReplicaFailure } from './replica-client.js';
import {
  checkStateSize,
  type LocatedState,
  locateState,
  piecesOf,
  separateDraws,
} from './replica-state.js';
import { type Shard, shardOf } from './shard-parts.js';
import { abortExchange, createExchange } from './shared-collective.js';
import { joinShards } from './watched-weights.js';
import type { WorkerHost } from './worker-host.js';

/** What a platform decides for its executor. */
export interface CpuExecutorSettings {
  /** Workers that share the batch, each with its own copy of the weights. */
  replicas: number;
  gemm: GemmChoice;
  /** Time every call; see `Executor.profile`. */
  profile: boolean;
  /** Run plans that do not change the weights as graphs where the platform can, unless timing. */
  graphs?: boolean;
}

/** A plan that the replicas know. */
interface KnownPlan {
  id: number;
  arrays: ReplicaArrays;
  clock: RunClock;
}

/**
 * Runs plans on the processor's cores: one worker a replica, each with its own memory, its kernels in
 * WebAssembly and its share of the batch. The calling thread stays free while a step runs.
 */
export class CpuExecutor implements Executor {
  readonly description: ExecutorDescription;
  readonly choice: KernelChoice;
  readonly #replicas: readonly ReplicaClient[];
  readonly #profiling: boolean;
  readonly #prepared = new WeakMap<PreparedPlan, KnownPlan>();
  /** Lets replicas forget a plan when the caller has. */
  readonly #forgotten: FinalizationRegistry<number>;
  #layout: StateLayout | undefined;
  /** By replica. */
  #shards: readonly Shard[] = [];
  /** The clock of the plan that ran last, unless something else was asked for since. */
  #clock: RunClock | undefined;
  #planCount = 0;
  #bytes = 0;
  /** The failure after which the replicas no longer agree, or one is gone. */
  #failure: string | undefined;
  #disposal: Promise<void> | undefined;
  /** Requests queue up behind this one, so that a replica never has two at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    replicas: readonly ReplicaClient[],
    parts: Pick<ExecutorDescription, 'gemm' | 'graphs'>,
    choice: KernelChoice,
    profiling: boolean,
  ) {
    this.#replicas = replicas;
    this.#profiling = profiling;
    this.choice = choice;
    this.description = { executor: 'cpu', replicas: replicas.length, ...parts };
    this.#forgotten = new FinalizationRegistry((id) => this.#release(id));
  }

  /**
   * Starts the workers.
   * @throws ValueError for a replica count that is not a whole number from 1.
   * @throws ExecutorError when a worker cannot start.
   */
  static async create(host: WorkerHost, settings: CpuExecutorSettings): Promise<CpuExecutor> {
    const { replicas, gemm, profile, graphs = false } = settings;
    if (!Number.isInteger(replicas) || replicas < 1) {
      throw new ValueError(`replicas is ${replicas}; it must be a whole number from 1.`);
    }
    const exchange = createExchange(replicas);
    const clients: ReplicaClient[] = [];
    try {
      for (let index = 0; index < replicas; index++) {
        clients.push(startClient(host, index, () => abortExchange(exchange)));
      }
      // While the workers start.
      const kernels = compileKernels();
      const answers = await requestAll(clients, (replica) => ({
        type: 'start',
        replica,
        replicas,
        kernels,
        exchange,
        gemm,
        profile,
        graphs: graphs && !profile,
      }));
      const [started] = answers;
      if (started.type !== 'started') {
        throw new ExecutorError(`replica 0 answered '${started.type}' instead of 'started'.`);
      }
      const parts = { gemm: started.gemm, ...(started.graphs && { graphs: started.graphs }) };
      return new CpuExecutor(clients, parts, started.choice, profile);
    } catch (error) {
      await Promise.all(clients.map((client) => client.stop()));
      if (!(error instanceof ReplicaFailure)) throw error;
      throw new ExecutorError(`the cpu executor could not start: ${error.message}`);
    }
  }

  /** Bytes of memory that each replica holds. */
  get bytesPerReplica(): number {
    return this.#bytes;
  }

  allocateState(layout: StateLayout): Promise<void> {
    return this.#enqueue(async () => {
      this.#clock = undefined;
      const shards = layout.shards.starts.length;
      if (shards !== this.#replicas.length) {
        throw new ExecutorError(
          `the state layout is for ${shards} replicas but the executor has ` +
            `${this.#replicas.length}; compile the model for as many.`,
        );
      }
      this.#layout = undefined;
      const parts = layout.shards.starts.map((_, replica) => shardOf(layout, replica));
      await this.#request((replica) => ({
        type: 'allocate',
        size: layout.size,
        shard: parts[replica],
      }));
      this.#shards = parts;
      this.#layout = layout;
    });
  }

  writeState(values: ReadonlyMap<string, StateValues>): Promise<void> {
    return this.#enqueue(async () => {
      this.#clock = undefined;
      const { arrays, draws } = separateDraws(this.#requireLayout(), this.#replicas.length, values);
      const { items, data } = this.#locate([...arrays.keys()]);
      const elements = new Float32Array(data);
      for (const item of items) {
        const value = arrays.get(item.name) ?? new Float32Array(0);
        checkStateSize(item, value.length);
        elements.set(value, item.first);
      }
      await this.#request((replica) => ({
        type: 'write',
        data,
        pieces: piecesOf(items, 'writes', replica),
        draws,
      }));
    });
  }

  readState(names: readonly string[]): Promise<Map<string, Float32Array>> {
    return this.#enqueue(async () => {
      this.#clock = undefined;
      const { items, data } = this.#locate(names);
      await this.#request((replica) => ({
        type: 'read',
        data,
        pieces: piecesOf(items, 'reads', replica),
      }));
      // Copies in plain memory: many interfaces refuse views of shared memory.
      return new Map(
        items.map(({ name, first, size }) => [
          name,
          new Float32Array(new Float32Array(data, 4 * first, size)),
        ]),
      );
    });
  }

  prepare(plans: readonly Plan[]): Promise<PreparedPlan> {
    return this.#enqueue(async () => {
      this.#clock = undefined;
      const arrays = shareArrays(plans, this.#replicas.length);
      const id = this.#planCount++;
      try {
        await this.#request((replica) => ({
          type: 'prepare',
          id,
          plan: plans[replica],
          ...arrays.replicas[replica],
        }));
      } catch (error) {
        this.#release(id);
        throw error;
      }
      const prepared: PreparedPlan = { inputs: arrays.staging };
      this.#prepared.set(prepared, { id, arrays, clock: new RunClock() });
      this.#forgotten.register(prepared, id);
      return prepared;
    });
  }

  run(plan: PreparedPlan, set: 0 | 1, parameters: RunParameters): Promise<RunResults> {
    return this.#enqueue(async () => {
      await this.#run(plan, set, parameters, false);
      return this.#known(plan).arrays.collect();
    });
  }

  runWatched(plan: PreparedPlan, set: 0 | 1, parameters: RunParameters): Promise<WatchedRun> {
    return this.#enqueue(async () => {
      const layout = this.#requireLayout();
      const answers = await this.#run(plan, set, parameters, true);
      const seen = answers.flatMap((answer) => (answer.type === 'watched' ? [answer.shard] : []));
      const weights = joinShards(layout, this.#shards, seen);
      return { results: this.#known(plan).arrays.collect(), weights };
    });
  }

  async #run(
    plan: PreparedPlan,
    set: 0 | 1,
    parameters: RunParameters,
    watch: boolean,
  ): Promise<WorkerMessage[]> {
    const { id, clock } = this.#known(plan);
    if (clock !== this.#clock) clock.interrupt();
    clock.begin(performance.now());
    try {
      const answers = await this.#request(() => ({ type: 'run', id, set, parameters, watch }));
      clock.end(performance.now());
      this.#clock = clock;
      return answers;
    } catch (error) {
      // Replicas stopped at different calls: their states no longer agree.
      if (error instanceof Error) this.#failure ??= error.message;
      throw error;
    }
  }

  profile(): Promise<Float64Array> {
    return this.#enqueue(async () => {
      if (!this.#profiling) return new Float64Array(0);
      const [answer] = await this.#ask(this.#replicas.slice(0, 1), () => ({ type: 'profile' }));
      return answer.type === 'profile' ? answer.milliseconds : new Float64Array(0);
    });
  }

  timings(plan: PreparedPlan): Promise<PlanTimings | undefined> {
    return this.#enqueue(async () => {
      const { id, clock } = this.#known(plan);
      if (!this.#profiling || clock.runs === 0) return undefined;
      const { runs, milliseconds, between } = clock;
      const answers = await this.#ask(this.#replicas, () => ({ type: 'timings', id }));
      const replicas = answers.flatMap((answer) =>
        answer.type === 'timings' ? [answer.timings] : [],
      );
      return { runs, milliseconds, between, replicas };
    });
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#last.then(async () => {
      await Promise.all(this.#replicas.map((replica) => replica.stop()));
    });
    return this.#disposal;
  }

  async #enqueue<T>(task: () => Promise<T>): Promise<T> {
    if (this.#disposal !== undefined) {
      throw new ExecutorError('the executor was disposed; create a new one.');
    }
    const result = this.#last.then(() => {
      if (this.#failure === undefined) return task();
      throw new ExecutorError(`the executor has stopped; create a new one. ${this.#failure}`);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  #requireLayout(): StateLayout {
    if (this.#layout !== undefined) return this.#layout;
    throw new ExecutorError('there is no state yet; call allocateState first.');
  }

  /** @throws ExecutorError for a plan of another executor. */
  #known(plan: PreparedPlan): KnownPlan {
    const known = this.#prepared.get(plan);
    if (known !== undefined) return known;
    throw new ExecutorError('this plan was prepared by another executor; prepare it here too.');
  }

  /** Where names lie in the state, and a shared array that holds them side by side. */
  #locate(names: readonly string[]): { items: LocatedState[]; data: SharedArrayBuffer } {
    const layout = this.#requireLayout();
    const items: LocatedState[] = [];
    let total = 0;
    for (const name of names) {
      const item = locateState(layout, this.#replicas.length, name, total);
      items.push(item);
      total += item.size;
    }
    return { items, data: new SharedArrayBuffer(4 * total) };
  }

  #release(id: number): void {
    for (const replica of this.#replicas) replica.tell({ type: 'release', id });
  }

  async #request(message: (replica: number) => HostMessage): Promise<WorkerMessage[]> {
    const answers = await this.#ask(this.#replicas, message);
    for (const answer of answers) {
      if (answer.type === 'done') this.#bytes = Math.max(this.#bytes, answer.bytes);
    }
    return answers;
  }

  /** @throws ExecutorError when a replica fails; after the death of one every later task fails too. */
  async #ask(
    replicas: readonly ReplicaClient[],
    message: (replica: number) => HostMessage,
  ): Promise<WorkerMessage[]> {
    try {
      return await requestAll(replicas, message);
    } catch (error) {
      if (!(error instanceof ReplicaFailure)) throw error;
      if (error.died) this.#failure ??= error.message;
      throw new ExecutorError(error.message);
    }
  }
}

/** @throws ReplicaFailure when the worker cannot be made, for want of memory or threads. */
function startClient(host: WorkerHost, index: number, onDeath: () => void): ReplicaClient {
  try {
    return new ReplicaClient(host, index, onDeath);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ReplicaFailure(`no worker for replica ${index}: ${reason}`, false, true);
  }
}

/**
 * Asks all replicas and waits for all, also when one fails.
 * @throws ReplicaFailure: the first that is not a mere consequence of another.
 */
async function requestAll(
  clients: readonly ReplicaClient[],
  message: (replica: number) => HostMessage,
): Promise<WorkerMessage[]> {
  const answers = await Promise.allSettled(clients.map((client, r) => client.request(message(r))));
  const failures = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason as unknown] : [],
  );
  const cause = failures.find((error) => !(error instanceof ReplicaFailure && error.aborted));
  if (failures.length > 0) throw cause ?? failures[0];
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}
