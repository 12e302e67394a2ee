import type { Phase } from '../plan/kernels.js';
import type { Plan } from '../plan/plan.js';
import type { PlanTimings } from '../runtime/executor.js';
import {
  type CallReport,
  type CostRow,
  costRow,
  groupCalls,
  kernelLabel,
  layerLabel,
  reportCalls,
} from './plan-report.js';

/** A kernel call and its time: means over runs and replicas, in milliseconds. */
export interface CallProfile extends CallReport {
  /** Without waiting. */
  readonly milliseconds: number;
  /** Waiting for other replicas. */
  readonly waiting: number;
  /** Without waiting, by replica. */
  readonly byReplica: readonly number[];
}

/** What some calls of a step cost and how long they take: means over runs and replicas. */
export interface ProfileRow extends CostRow {
  /** Without waiting. */
  readonly milliseconds: number;
  /** The part of the milliseconds in each phase of the step. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** Part of the whole step, from 0 to 1. */
  readonly share: number;
  /** Multiply-adds, counted as 2, in 10⁹ a second, on all replicas together. */
  readonly gflopsPerSecond: number;
  /** Bytes read and written at least, in 10⁹ a second, on all replicas together. */
  readonly gigabytesPerSecond: number;
}

/** Where one replica's time of a step goes, in milliseconds. */
export interface ReplicaProfile {
  /** Its number, from 0. */
  readonly replica: number;
  /** Samples that it computes. */
  readonly samples: number;
  /** Work of its calls, without waiting. */
  readonly computing: number;
  /** Waiting at barriers for other replicas. */
  readonly waiting: number;
  /** Copying inputs and results, and between the calls. */
  readonly copying: number;
}

/** Why a step takes what it takes. Times are milliseconds, means over the runs that count. */
export interface StepProfile {
  /** Name of the plan, such as `train ResNet50`. */
  readonly name: string;
  /** Samples of a step. */
  readonly samples: number;
  /** How many runs the means are over; a first run, which warms up, is left out. */
  readonly runs: number;
  /** A step, from the order to the results. */
  readonly milliseconds: number;
  /** From one step to the next, where they followed each other at once. */
  readonly between: number;
  /** Multiply-adds of useful work of a step, counted as 2 each. */
  readonly flops: number;
  /** The same in 10⁹ a second of the step. */
  readonly gflopsPerSecond: number;
  /** Time of a step that no replica accounts for: orders and answers between threads. */
  readonly overhead: number;
  /** By replica. */
  readonly replicas: readonly ReplicaProfile[];
  /** How much longer the busiest replica computes than the mean: 0.1 is 10 %. */
  readonly imbalance: number;
  /** By kernel and algorithm, dearest first. */
  readonly kernels: readonly ProfileRow[];
  /** By layer, in the order in which they come first. */
  readonly layers: readonly ProfileRow[];
  /** All calls, in order. */
  readonly calls: readonly CallProfile[];
}

/**
 * Puts times to the calls of a step.
 * @param plans the plans of all replicas. @param timings what the executor measured for them.
 */
export function profileStep(plans: readonly Plan[], timings: PlanTimings): StepProfile {
  const [{ name, share }] = plans;
  const { runs, milliseconds, between } = timings;
  const calls = reportCalls(plans).map((call): CallProfile => {
    const byReplica = timings.replicas.map((replica) => {
      return replica.calls[call.index] - replica.waiting[call.index];
    });
    const waiting = mean(timings.replicas.map((replica) => replica.waiting[call.index]));
    return { ...call, milliseconds: mean(byReplica), waiting, byReplica };
  });
  const replicas = timings.replicas.map((replica, index): ReplicaProfile => {
    const inCalls = sum(replica.calls);
    const waiting = sum(replica.waiting);
    return {
      replica: index,
      samples: share.shares[index],
      computing: inCalls - waiting,
      waiting,
      copying: replica.total - inCalls,
    };
  });
  const computing = replicas.map((replica) => replica.computing);
  const flops = calls.reduce((total, call) => total + call.flops, 0);
  const rows = (labelOf: (call: CallReport) => string) =>
    [...groupCalls(calls, labelOf)].map(([label, group]) => profileRow(label, group, milliseconds));
  return {
    name,
    samples: sum(share.shares),
    runs,
    milliseconds,
    between,
    flops,
    gflopsPerSecond: rate(flops, milliseconds),
    overhead: milliseconds - Math.max(...timings.replicas.map(({ total }) => total)),
    replicas,
    imbalance: mean(computing) > 0 ? Math.max(...computing) / mean(computing) - 1 : 0,
    kernels: rows(kernelLabel).sort((a, b) => b.milliseconds - a.milliseconds),
    layers: rows(layerLabel),
    calls,
  };
}

function profileRow(name: string, calls: readonly CallProfile[], step: number): ProfileRow {
  const costs = costRow(name, calls);
  const phases: Record<Phase, number> = { forward: 0, backward: 0, update: 0 };
  for (const { phase, milliseconds } of calls) phases[phase] += milliseconds;
  const milliseconds = sum(Object.values(phases));
  return {
    ...costs,
    milliseconds,
    phases,
    share: step > 0 ? milliseconds / step : 0,
    gflopsPerSecond: rate(costs.flops, milliseconds),
    gigabytesPerSecond: rate(costs.bytes, milliseconds),
  };
}

/** 10⁹ a second. */
function rate(amount: number, milliseconds: number): number {
  return milliseconds > 0 ? amount / milliseconds / 1e6 : 0;
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
