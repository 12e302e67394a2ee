import { ValueError } from '../core/errors.js';
import { callCost } from '../plan/call-cost.js';
import { makeSameCalls } from '../plan/check-twins.js';
import { describeCall } from '../plan/describe-call.js';
import type { BufferId, Phase } from '../plan/kernels.js';
import type { Plan, PlanFusion, Region } from '../plan/plan.js';

const BYTES_PER_ELEMENT = 4;

/** A kernel call of a step, and what it costs on all replicas together. */
export interface CallReport {
  /** Place in `Plan.calls`. */
  readonly index: number;
  /** Name of the kernel. */
  readonly kernel: string;
  /** How it is computed, where the compiler chose among several ways. */
  readonly algorithm?: string;
  /** The layer that it comes from. */
  readonly layer: string;
  /** Part of the step. */
  readonly phase: Phase;
  /** Sizes and options on the first replica, in words. */
  readonly description: string;
  /** Multiply-adds of useful work, counted as 2 each. */
  readonly flops: number;
  /** Bytes that it has to read and write at least, each operand once. */
  readonly bytes: number;
}

/** What some calls of a step cost together, on all replicas. */
export interface CostRow {
  /** What the calls have in common: the kernel with its algorithm, the layer, or the phase. */
  readonly name: string;
  /** How many calls. */
  readonly calls: number;
  /** Multiply-adds of useful work, counted as 2 each. */
  readonly flops: number;
  /** Bytes that they have to read and write at least. */
  readonly bytes: number;
}

/** An array of the first replica: where it lies, when it is in use, and what lies there at other times. */
export interface BufferReport {
  /** Place in `Plan.buffers`. */
  readonly id: BufferId;
  /** Its name: layer and role, or the entry of the state. */
  readonly name: string;
  /** Shape, the batch first where there is one. */
  readonly shape: readonly number[];
  /** The arena that it lies in. */
  readonly region: Region;
  /** First byte in its arena. */
  readonly offset: number;
  /** Its size. */
  readonly bytes: number;
  /** First call that uses it; −1 for what is there before, or what none uses. */
  readonly firstCall: number;
  /** Last call that uses it; the number of calls for results, −1 if none uses it. */
  readonly lastCall: number;
  /** Arrays whose memory overlaps its own. */
  readonly sharesWith: readonly BufferId[];
}

/** How the memory of the first replica is laid out. */
export interface MemoryReport {
  /** Weights, gradients and the optimizer's arrays. */
  readonly stateBytes: number;
  /** Everything else, as planned. */
  readonly scratchBytes: number;
  /** The same arrays if none shared memory with another. */
  readonly unsharedScratchBytes: number;
}

/** A compiled step, explained: what it runs, what that costs, what was fused, and where arrays lie. */
export interface PlanReport {
  /** Name of the plan, such as `train ResNet50`. */
  readonly name: string;
  /** Samples of each replica. */
  readonly shares: readonly number[];
  /** Multiply-adds of useful work, counted as 2 each, of the whole step on all replicas. */
  readonly flops: number;
  /** All calls, in order. */
  readonly calls: readonly CallReport[];
  /** Costs by kernel and algorithm, dearest first. */
  readonly kernels: readonly CostRow[];
  /** Costs by layer, in the order in which they come first. */
  readonly layers: readonly CostRow[];
  /** What the compiler made one of two. */
  readonly fusions: readonly PlanFusion[];
  /** How memory is laid out. */
  readonly memory: MemoryReport;
  /** All arrays of the first replica. */
  readonly buffers: readonly BufferReport[];
}

/**
 * Explains a step.
 * @param plans the plans of all replicas, as `Model.plans` gives them.
 */
export function reportPlan(plans: readonly Plan[]): PlanReport {
  const [plan] = plans;
  const calls = reportCalls(plans);
  return {
    name: plan.name,
    shares: plan.share.shares,
    flops: calls.reduce((sum, { flops }) => sum + flops, 0),
    calls,
    kernels: sumCosts(calls, kernelLabel).sort((a, b) => b.flops - a.flops || b.bytes - a.bytes),
    layers: sumCosts(calls, layerLabel),
    fusions: plan.fusions,
    memory: reportMemory(plan),
    buffers: reportBuffers(plan),
  };
}

/** All calls of a step; costs are those of all replicas together. */
export function reportCalls(plans: readonly Plan[]): CallReport[] {
  if (!makeSameCalls(plans)) {
    throw new ValueError(
      'the replicas make different calls for a batch of this size; take one that gives each of them two samples or more.',
    );
  }
  const [plan] = plans;
  return plan.calls.map((call, index) => {
    const costs = plans.map(({ calls }) => callCost(calls[index], plans.length));
    const [{ algorithm }] = costs;
    return {
      index,
      kernel: call.kernel,
      ...(algorithm !== undefined && { algorithm }),
      layer: call.source,
      phase: call.phase,
      description: describeCall(call),
      flops: costs.reduce((sum, { flops }) => sum + flops, 0),
      bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

/** Groups calls by kernel and algorithm. */
export function kernelLabel({ kernel, algorithm }: CallReport): string {
  return algorithm === undefined ? kernel : `${kernel} (${algorithm})`;
}

/** Groups calls by layer; those of none carry the name of their phase. */
export function layerLabel({ layer, phase }: CallReport): string {
  return layer === '' ? phase : layer;
}

/** Calls in groups, in the order in which the groups come first. */
export function groupCalls<C extends CallReport>(
  calls: readonly C[],
  labelOf: (call: C) => string,
): Map<string, C[]> {
  const groups = new Map<string, C[]>();
  for (const call of calls) {
    const label = labelOf(call);
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [call]);
    else group.push(call);
  }
  return groups;
}

function sumCosts(calls: readonly CallReport[], labelOf: (call: CallReport) => string): CostRow[] {
  return [...groupCalls(calls, labelOf)].map(([name, group]) => costRow(name, group));
}

/** The costs of calls together. */
export function costRow(name: string, calls: readonly CallReport[]): CostRow {
  return {
    name,
    calls: calls.length,
    flops: calls.reduce((sum, { flops }) => sum + flops, 0),
    bytes: calls.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function reportMemory({ stateSize, scratchSize, buffers }: Plan): MemoryReport {
  const scratch = buffers.filter(({ region }) => region === 'scratch');
  return {
    stateBytes: BYTES_PER_ELEMENT * stateSize,
    scratchBytes: BYTES_PER_ELEMENT * scratchSize,
    unsharedScratchBytes: BYTES_PER_ELEMENT * scratch.reduce((sum, { size }) => sum + size, 0),
  };
}

function reportBuffers(plan: Plan): BufferReport[] {
  const first = new Map<BufferId, number>();
  const last = new Map<BufferId, number>();
  const use = (id: BufferId | undefined, at: number) => {
    if (id === undefined) return;
    if (!first.has(id)) first.set(id, at);
    last.set(id, at);
  };
  for (const { buffer } of plan.inputs) use(buffer, -1);
  plan.calls.forEach(({ reads, writes, workspace }, at) => {
    for (const id of [...Object.values(reads), ...Object.values(writes), workspace]) use(id, at);
  });
  for (const { buffer } of plan.outputs) use(buffer, plan.calls.length);
  return plan.buffers.map(({ id, name, shape, region, offset, size }) => ({
    id,
    name,
    shape,
    region,
    offset: BYTES_PER_ELEMENT * offset,
    bytes: BYTES_PER_ELEMENT * size,
    firstCall: first.get(id) ?? -1,
    lastCall: last.get(id) ?? -1,
    sharesWith: plan.buffers
      .filter(
        (other) =>
          other.id !== id &&
          other.region === region &&
          other.offset < offset + size &&
          offset < other.offset + other.size,
      )
      .map((other) => other.id),
  }));
}
