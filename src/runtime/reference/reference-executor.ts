import { ExecutorError, ValueError } from '../../core/errors.js';
import { sizeOf } from '../../core/shape.js';
import { defaultKernelChoice } from '../../plan/kernel-choice.js';
import { kernelSpecs } from '../../plan/kernel-spec.js';
import type { BufferId, KernelName } from '../../plan/kernels.js';
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
} from '../executor.js';
import { GateDraws } from '../gate-draws.js';
import { RunClock } from '../run-clock.js';
import type {
  CollectiveKernel,
  FloatArray,
  LocalKernel,
  ReferenceCall,
} from './reference-kernel.js';
import { referenceKernels } from './reference-kernels.js';
import { StateArenas } from './state-arenas.js';

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
  readonly times: CallTimes;
  readonly clock = new RunClock();

  constructor(readonly plans: readonly Plan[]) {
    this.times = new CallTimes(plans[0].calls.length);
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
    if (plans.length !== this.#replicas) {
      throw new ExecutorError(
        `${plans.length} plans came for ${this.#replicas} replicas; pass one plan a replica.`,
      );
    }
    plans.forEach((plan, replica) => {
      validatePlan(plan);
      checkTwin(plan, plans, replica);
    });
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
    times.begin();
    fillInputs(plans, plan.inputs[set], view);
    await this.#runCalls(plans, times, view, parameters);
    clock.end(performance.now());
    const collected = plans[0].outputs.map(({ name }, place): [string, FloatArray] => [
      name,
      this.#collect(plans, place, view),
    ]);
    return Object.fromEntries(collected);
  }

  async profile(): Promise<Float64Array> {
    return this.#milliseconds;
  }

  /** All replicas run in lockstep: each takes as long as all together, and none waits. */
  async timings(plan: PreparedPlan): Promise<PlanTimings | undefined> {
    const { plans, times, clock } = requireOwn(plan);
    const { runs, milliseconds, between } = clock;
    if (runs === 0) return undefined;
    return { runs, milliseconds, between, replicas: plans.map(() => times.means()) };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#state = undefined;
    this.#scratch = [];
  }

  async #runCalls(
    plans: readonly Plan[],
    times: CallTimes,
    view: ViewOf,
    parameters: RunParameters,
  ): Promise<void> {
    const milliseconds = new Float64Array(plans[0].calls.length);
    const began = performance.now();
    let turn = began;
    const draws = new GateDraws(parameters);
    for (let index = 0; index < milliseconds.length; index++) {
      const start = performance.now();
      const { gates = [] } = plans[0].calls[index];
      if (draws.allow(gates)) runCall(plans, index, view, parameters);
      const end = performance.now();
      milliseconds[index] = end - start;
      times.add(index, end - start, 0);
      if (end - turn > TURN_MILLISECONDS) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        turn = performance.now();
      }
    }
    times.end(performance.now() - began);
    this.#milliseconds = milliseconds;
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

/** Replicas may differ in shares and sizes only. */
function checkTwin(plan: Plan, plans: readonly Plan[], replica: number): void {
  const { share, name } = plan;
  const outline = ({ calls, inputs, outputs, share: { shares } }: Plan) =>
    JSON.stringify([
      calls.map(({ kernel, reads, writes, gates }) => {
        return [kernel, Object.keys(reads), Object.keys(writes), gates];
      }),
      inputs.map(({ name, sampleShape }) => [name, sampleShape]),
      outputs.map(({ name, kind }) => [name, kind]),
      shares,
    ]);
  const placed = share.replica === replica && share.shares.length === plans.length;
  if (!placed || outline(plan) !== outline(plans[0])) {
    throw new ExecutorError(
      `plan ${replica} of '${name}' is not the plan of replica ${replica} of the same program; ` +
        'compile one plan a replica, in order.',
    );
  }
}

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

function runCall(
  plans: readonly Plan[],
  index: number,
  view: ViewOf,
  parameters: RunParameters,
): void {
  const { kernel: name, every = 1 } = plans[0].calls[index];
  if (parameters.step % every !== 0) return;
  const ownParameters = { ...parameters, step: parameters.step / every };
  const calls = plans.map((plan, replica) => {
    const { reads, writes, attributes } = plan.calls[index];
    const bind = (ids: Readonly<Record<string, BufferId | undefined>>) =>
      Object.fromEntries(
        Object.entries(ids).flatMap(([operand, id]) =>
          id === undefined ? [] : [[operand, view(replica, id)]],
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
