import type { Shape } from '../core/shape.js';
import type { BufferId, KernelCall, Phase } from './kernels.js';

/** Where a buffer lives: `state` outlasts steps and plans, `scratch` is reused within one run. */
export type Region = 'state' | 'scratch';

/** An array of a plan: a range of one of the two arenas. Offsets and sizes count elements. */
export interface PlanBuffer {
  id: BufferId;
  name: string;
  shape: Shape;
  size: number;
  region: Region;
  offset: number;
}

/** An array that the caller fills before a run: `[local batch, ...sampleShape]`. */
export interface PlanInput {
  name: string;
  buffer: BufferId;
  sampleShape: Shape;
}

/**
 * An array that the caller gets after a run. `scalar`: the sum over replicas of one number each.
 * `batch`: the replicas' rows, one after the other. `replicated`: the same on every replica.
 */
export interface PlanOutput {
  name: string;
  buffer: BufferId;
  kind: 'scalar' | 'batch' | 'replicated';
}

/** Which share of the work a plan does. */
export interface PlanShare {
  /** This replica's number, from 0. */
  replica: number;
  /** Samples that each replica takes of a batch, in order. */
  shares: number[];
}

/** Two operations that the compiler made one. */
export interface PlanFusion {
  /** What became one, such as `batchNorm + relu`. */
  rule: string;
  /** The layer whose calls do the work of both. */
  layer: string;
  /** The layer whose operation has no calls of its own any more. */
  absorbed: string;
  /** Part of the step. */
  phase: Phase;
}

/**
 * A compiled step: plain, serialisable data that an executor obeys. All replicas run plans that meet in
 * the same calls, each over its own share of the batch.
 */
export interface Plan {
  /** Version of this format. */
  version: 1;
  /** What the step does, such as `train ResNet50`. */
  name: string;
  /** Which share of the batch it computes. */
  share: PlanShare;
  /** Elements of the state arena. */
  stateSize: number;
  /** Elements of the scratch arena. */
  scratchSize: number;
  /** All arrays; a buffer's id is its place here. */
  buffers: PlanBuffer[];
  /** Arrays to fill before a run. */
  inputs: PlanInput[];
  /** Arrays to hand back after a run. */
  outputs: PlanOutput[];
  /** Kernel calls, in order. */
  calls: KernelCall[];
  /** What the compiler fused, in order; for people, an executor does not need it. */
  fusions: PlanFusion[];
}

/** Alignment of every buffer, in elements: one cache line. */
export const BUFFER_ALIGNMENT = 16;
