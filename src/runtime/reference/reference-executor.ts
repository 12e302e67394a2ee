import { ExecutorError, ValueError } from '../../core/errors.js';
import { sizeOf } from '../../core/shape.js';
import { isMeeting, makeSameCalls, twinProblem } from '../../plan/check-twins.js';
import { defaultKernelChoice } from '../../plan/kernel-choice.js';
import { kernelSpecs } from '../../plan/kernel-spec.js';
import type { BufferId, KernelCall, KernelName } from '../../plan/kernels.js';
import type { Plan } from '../../plan/plan.js';
import type { StateLayout } from '../../plan/state-layout.js';
import { validatePlan } from '../../plan/validate-plan.js';
import { CallTimes } from '../call-times.js';
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
import { GateDraws } from '../gate-draws.js';
import { RunClock } from '../run-clock.js';
import type { WatchedWeight } from '../watched-weight.js';
import type {
  CollectiveKernel,
  FloatArray,
  LocalKernel,
  ReferenceCall,
} from './reference-kernel.js';
import { referenceKernels } from './reference-kernels.js';
import { StateArenas } from './state-arenas.js';
import { watchedWeight } from './watched-weight.js';

/** Options of `createReferenceExecutor`. */
export interface ReferenceExecutorOptions {
  /** What arrays are stored as; sums are always float64. `float64` is for checks of gradients. */
  precision?: 'float32' | 'float64';
  /** How many replicas to run in lockstep. */
  replicas?: number;
}

/** Milliseconds of work after which a run lets the event loop turn, at the next call. */
const TURN_MILLISECONDS = 15;

class PreparedReferencePlan implements PreparedPlan {
  readonly inputs: readonly (readonly Float32Array[])[];
  readonly times: readonly CallTimes[];
  readonly clock = new RunClock();

  constructor(readonly plans: readonly Plan[]) {
    this.times = plans.map(({ calls }) => new CallTimes(calls.length));
    const samples = plans[0].share.shares.reduce((a, b) => a + b, 0);
    const allocate = () =>
      plans[0].inputs.map((input) => new Float32Array(samples * sizeOf(input.sampleShape)));
    this.inputs = [allocate(), allocate()];
  }
}

/**
 * Runs plans with obvious loops in the calling thread: slow, and the measure of what is right. Several
 * replicas run in lockstep, call by call. A run yields to the event loop between calls.
 */
export class ReferenceExecutor implements Executor {
  readonly choice = defaultKernelChoice;
  readonly description: ExecutorDescription;
  readonly #create: (size: number) => FloatArray;
  readonly #replicas: number;
  #state: StateArenas | undefined;
  #scratch: FloatArray[];
  #milliseconds = new Float64Array(0);
  /** The clock of the plan that ran last. */
  #clock: RunClock | undefined;
  #disposed = false;

  /** @throws ValueError for a replica count that is not a positive integer. */
  constructor({ precision = 'float32', replicas = 1 }: ReferenceExecutorOptions = {}) {
    if (!Number.isSafeInteger(replicas) || replicas < 1) {
      throw new ValueError(`replicas is ${replicas}; pass an integer of at least 1.`);
    }
    this.#create =
      precision === 'float64' ? (size) => new Float64Array(size) : (size) => new Float32Array(size);
    this.#replicas = replicas;
    this.#scratch = Array.from({ length: replicas }, () => this.#create(0));
    this.description = { executor: 'reference', replicas, gemm: `loops over ${precision}` };
  }

  async allocateState(layout: StateLayout): Promise<void> {
    this.#checkAlive();
    const arenas = Array.from({ length: this.#replicas }, () => this.#create(layout.size));
    this.#state = new StateArenas(layout, arenas);
  }

  async writeState(values: ReadonlyMap<string, StateValues>): Promise<void> {
    this.#clock = undefined;
    const state = this.#requireState();
    for (const [name, array] of values) state.write(name, array);
  }

  async readState(names: readonly string[]): Promise<Map<string, Float32Array>> {
    this.#clock = undefined;
    const state = this.#requireState();
    return new Map(names.map((name) => [name, state.read(name)]));
  }

  /** @throws PlanError for a plan that is not well formed; ExecutorError for plans that differ. */
  async prepare(plans: readonly Plan[]): Promise<PreparedPlan> {
    this.#checkAlive();
    for (const plan of plans) validatePlan(plan);
    const problem = twinProblem(plans, this.#replicas);
    if (problem !== undefined) throw new ExecutorError(problem);
    this.#scratch = this.#scratch.map((arena, replica) => {
      const size = plans[replica].scratchSize;
      return size > arena.length ? this.#create(size) : arena;
    });
    return new PreparedReferencePlan(plans);
  }

  async run(plan: PreparedPlan, set: 0 | 1, parameters: RunParameters): Promise<RunResults> {
    const state = this.#requireState();
    const { plans, times, clock } = requireOwn(plan);
    const required = Math.max(...plans.map(({ stateSize }) => stateSize));
    if (required > state.arenas[0].length) {
      throw new ExecutorError(
        `plan '${plans[0].name}' needs a state of ${required} elements, but ` +
          `${state.arenas[0].length} are allocated; call allocateState with the layout of its model.`,
      );
    }
    const view: ViewOf = (replica, id) => {
      const { region, offset, size } = plans[replica].buffers[id];
      const arena = region === 'state' ? state.arenas[replica] : this.#scratch[replica];
      return arena.subarray(offset, offset + size);
    };
    if (clock !== this.#clock) clock.interrupt();
    this.#clock = clock;
    clock.begin(performance.now());
    for (const one of times) one.begin();
    fillInputs(plans, plan.inputs[set], view);
    await this.#runCalls(plans, times, view, parameters);
    clock.end(performance.now());
    const collected = plans[0].outputs.map(({ name }, place): [string, FloatArray] => [
      name,
      this.#collect(plans, place, view),
    ]);
    return Object.fromEntries(collected);
  }

  async runWatched(plan: PreparedPlan, set: 0 | 1, parameters: RunParameters): Promise<WatchedRun> {
    const state = this.#requireState();
    const before = state.trainedWeights();
    const results = await this.run(plan, set, parameters);
    const after = state.trainedWeights();
    const weights = new Map<string, WatchedWeight>();
    for (const [name, { weight, gradient }] of after) {
      weights.set(name, watchedWeight(before.get(name)?.weight ?? weight, weight, gradient));
    }
    return { results, weights };
  }

  async profile(): Promise<Float64Array> {
    return this.#milliseconds;
  }

  /** All replicas run in lockstep: each takes as long as all together, and none waits. */
  async timings(plan: PreparedPlan): Promise<PlanTimings | undefined> {
    const { times, clock } = requireOwn(plan);
    const { runs, milliseconds, between } = clock;
    if (runs === 0) return undefined;
    return { runs, milliseconds, between, replicas: times.map((one) => one.means()) };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#state = undefined;
    this.#scratch = [];
  }

  async #runCalls(
    plans: readonly Plan[],
    times: readonly CallTimes[],
    view: ViewOf,
    parameters: RunParameters,
  ): Promise<void> {
    const milliseconds = plans.map(({ calls }) => new Float64Array(calls.length));
    const began = performance.now();
    let turn = began;
    const draws = new GateDraws(parameters);
    for (const calls of turnsOf(plans)) {
      const start = performance.now();
      if (draws.allow(callAt(plans, calls[0]).gates ?? []))
        runCalls(plans, calls, view, parameters);
      const end = performance.now();
      for (const { replica, index } of calls) {
        milliseconds[replica][index] = end - start;
        times[replica].add(index, end - start, 0);
      }
      if (end - turn > TURN_MILLISECONDS) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        turn = performance.now();
      }
    }
    for (const one of times) one.end(performance.now() - began);
    [this.#milliseconds] = milliseconds;
  }

  #collect(plans: readonly Plan[], place: number, view: ViewOf): FloatArray {
    const arrays = plans.map((plan, replica) => view(replica, plan.outputs[place].buffer));
    switch (plans[0].outputs[place].kind) {
      case 'replicated':
        return arrays[0].slice();
      case 'scalar': {
        const sum = this.#create(1);
        for (const [value] of arrays) sum[0] += value;
        return sum;
      }
      case 'batch': {
        const rows = this.#create(arrays.reduce((size, array) => size + array.length, 0));
        let start = 0;
        for (const array of arrays) {
          rows.set(array, start);
          start += array.length;
        }
        return rows;
      }
    }
  }

  #checkAlive(): void {
    if (this.#disposed) throw new ExecutorError('this executor is disposed of; create another.');
  }

  #requireState(): StateArenas {
    this.#checkAlive();
    if (this.#state === undefined) {
      throw new ExecutorError('there is no state yet; call allocateState first.');
    }
    return this.#state;
  }
}

/**
 * An executor that needs no worker, no WebAssembly and no native code.
 * @throws ValueError for a replica count that is not a positive integer.
 */
export function createReferenceExecutor(options: ReferenceExecutorOptions = {}): ReferenceExecutor {
  return new ReferenceExecutor(options);
}

/** @throws ExecutorError for a plan of another executor. */
function requireOwn(plan: PreparedPlan): PreparedReferencePlan {
  if (plan instanceof PreparedReferencePlan) return plan;
  throw new ExecutorError('this plan was prepared by another executor; prepare it here first.');
}

/** The memory of a replica's buffer. */
type ViewOf = (replica: number, id: BufferId) => FloatArray;

/** Copies every replica's rows of the whole batches into its buffers. */
function fillInputs(plans: readonly Plan[], batches: readonly Float32Array[], view: ViewOf): void {
  batches.forEach((batch, place) => {
    let start = 0;
    plans.forEach((plan, replica) => {
      const target = view(replica, plan.inputs[place].buffer);
      target.set(batch.subarray(start, start + target.length));
      start += target.length;
    });
  });
}

/** A call of one replica, by its place in the plan. */
interface Turn {
  replica: number;
  index: number;
}

const callAt = (plans: readonly Plan[], { replica, index }: Turn): KernelCall =>
  plans[replica].calls[index];

/**
 * The calls in the order in which they run: those of the replicas side by side where all make the same,
 * else one replica after the other up to the next meeting, which all do at once.
 */
function* turnsOf(plans: readonly Plan[]): Generator<readonly Turn[]> {
  if (makeSameCalls(plans)) {
    for (const index of plans[0].calls.keys())
      yield plans.map((_, replica) => ({ replica, index }));
    return;
  }
  const next = plans.map(() => 0);
  while (next.some((index, replica) => index < plans[replica].calls.length)) {
    for (const [replica, { calls }] of plans.entries()) {
      while (next[replica] < calls.length && !isMeeting(calls[next[replica]])) {
        yield [{ replica, index: next[replica]++ }];
      }
    }
    const meeting = plans.map((_, replica) => ({ replica, index: next[replica]++ }));
    if (meeting.every(({ replica, index }) => index < plans[replica].calls.length)) yield meeting;
  }
}

function runCalls(
  plans: readonly Plan[],
  turns: readonly Turn[],
  view: ViewOf,
  parameters: RunParameters,
): void {
  const { kernel: name, every = 1 } = callAt(plans, turns[0]);
  if (parameters.step % every !== 0) return;
  const ownParameters = { ...parameters, step: parameters.step / every };
  const calls = turns.map((turn) => {
    const { reads, writes, attributes } = callAt(plans, turn);
    const bind = (ids: Readonly<Record<string, BufferId | undefined>>) =>
      Object.fromEntries(
        Object.entries(ids).flatMap(([operand, id]) =>
          id === undefined ? [] : [[operand, view(turn.replica, id)]],
        ),
      );
    // The plan was validated: its operands and attributes are those that the kernel demands.
    return {
      reads: bind(reads),
      writes: bind(writes),
      attributes,
      parameters: ownParameters,
    } as unknown as ReferenceCall<KernelName>;
  });
  if (kernelSpecs[name].collective) {
    (referenceKernels[name] as CollectiveKernel<KernelName>)(calls);
  } else {
    for (const call of calls) (referenceKernels[name] as LocalKernel<KernelName>)(call);
  }
}
