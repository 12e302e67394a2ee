import type { InitialValues } from '../core/initial-values.js';
import type { KernelChoice } from '../plan/kernel-choice.js';
import type { Plan } from '../plan/plan.js';
import type { StateLayout } from '../plan/state-layout.js';
import type { WatchedWeight } from './watched-weight.js';

/** Numbers that change from step to step without a new plan. */
export interface RunParameters {
  /** Iteration of the optimizer, from 1. */
  step: number;
  learningRate: number;
  /** Seed of the random draws inside the step (dropout). */
  seed: number;
}

/** What a run hands back: for every `Plan.outputs` entry an array, valid until the next run. */
export type RunResults = Record<string, Float32Array | Float64Array>;

/** What a run hands back that was watched. */
export interface WatchedRun {
  readonly results: RunResults;
  /** Every trained weight, by name, in the order of the state. */
  readonly weights: ReadonlyMap<string, WatchedWeight>;
}

/** A set of plans, one a replica, made ready to run. */
export interface PreparedPlan {
  /**
   * Where the caller writes the inputs, in the order of `Plan.inputs`: whole batches, replica after
   * replica. There are two sets so that one can be filled while the other is being read.
   */
  readonly inputs: readonly (readonly Float32Array[])[];
}

/** Where the time of a replica goes: milliseconds of one run, as means over runs. */
export interface ReplicaTimings {
  /** The whole run: its calls, and copying inputs and results. */
  readonly total: number;
  /** Each call by its place in `Plan.calls`, waiting included. */
  readonly calls: Float64Array;
  /** The part of each call that went by in waiting for other replicas. */
  readonly waiting: Float64Array;
}

/** Where the time of a plan goes. The first run warms up and counts only while there is no other. */
export interface PlanTimings {
  /** How many runs the means are over. */
  readonly runs: number;
  /** Milliseconds from the caller's order to its results. */
  readonly milliseconds: number;
  /** Milliseconds from one run to the next, where they followed each other at once; 0 if none did. */
  readonly between: number;
  /** By replica. */
  readonly replicas: readonly ReplicaTimings[];
}

/** Values of a state entry: as they are, or described. */
export type StateValues = Float32Array | InitialValues;

/** What an executor says of itself, for `doctor`, `train` and run records. */
export interface ExecutorDescription {
  /** Name of the executor. */
  executor: string;
  /** How many replicas share a batch. */
  replicas: number;
  /** Who computes matrix products, and why if it is a fallback. */
  gemm: string;
  /** Who runs plans that do not change the weights as graphs with the weights built in, if anybody. */
  graphs?: string;
}

/**
 * Runs plans. An executor owns the memory: a state arena per replica that outlasts runs, and scratch.
 * All executors pass the same conformance suite.
 */
export interface Executor {
  /** What this executor is and uses. */
  readonly description: ExecutorDescription;
  /** What the compiler should choose for it. */
  readonly choice: KernelChoice;
  /** Sets up the state arena, zero-filled; what was there before is gone. */
  allocateState(layout: StateLayout): Promise<void>;
  /**
   * Puts values into ranges of the state of every replica (slots: into the shards that hold them): arrays
   * are copied, described values made in place.
   */
  writeState(values: ReadonlyMap<string, StateValues>): Promise<void>;
  /** Reads entries of the state by name; slots come back whole, in the order of the trainable range. */
  readState(names: readonly string[]): Promise<Map<string, Float32Array>>;
  /** Checks and binds one plan per replica. */
  prepare(plans: readonly Plan[]): Promise<PreparedPlan>;
  /** Runs a prepared plan once over the inputs in the given set. Runs never overlap. */
  run(plan: PreparedPlan, set: 0 | 1, parameters: RunParameters): Promise<RunResults>;
  /** Runs as `run` does, the same bits, and tells what the run found and did to the trained weights. */
  runWatched(plan: PreparedPlan, set: 0 | 1, parameters: RunParameters): Promise<WatchedRun>;
  /** Milliseconds per call of the last run, by place in `Plan.calls`; empty unless profiling. */
  profile(): Promise<Float64Array>;
  /** Where the time of all runs of a plan went; undefined without runs, or unless profiling. */
  timings(plan: PreparedPlan): Promise<PlanTimings | undefined>;
  /** Ends workers and frees memory; further calls throw. */
  dispose(): Promise<void>;
}
