import type { Value } from '../ops/ir.js';
import type { Shards } from '../ops/optimizer-update.js';
import type { TrainedWeight } from '../plan/state-layout.js';
import type { LearningRateSchedule } from './schedules/schedule.js';

/** The trained weights of a step, all in one range, with what the optimizer needs to change them. */
export interface UpdateScope {
  /** All trained weights. */
  w: Value;
  /** Their gradients, valid in this replica's shard. */
  g: Value;
  /** This replica's shard of each of the optimizer's slots, by name. */
  slots: Readonly<Record<string, Value>>;
  shards: Shards;
  /** Where in the range each weight lies. */
  weights: readonly TrainedWeight[];
  /** Names of all weights of the model, frozen ones included. */
  modelWeights: readonly string[];
  /** Notes that a value is what the weights or the gradients now are: every one but the last, in order. */
  keep(what: 'weights' | 'gradients', value: Value): void;
}

/** New values of weights and slots. */
export interface UpdateResult {
  w: Value;
  slots: Readonly<Record<string, Value>>;
  /** The weights change only at steps that this divides; default 1. */
  every?: number;
}

/** Changes weights by their gradients. A `learningRate` that follows no schedule may be set between steps. */
export interface Optimizer {
  /** Name in files and messages. */
  readonly name: string;
  /** Step size of the step under way, or of the next one between steps. */
  learningRate: number;
  /** What the rate follows; undefined while it is a number that may be set. */
  readonly schedule?: LearningRateSchedule;
  /** Sets a scheduled rate to that of the step after `iterations` steps; called before every step. */
  followSchedule?(iterations: number): void;
  /** Names of the arrays that it keeps for each weight. */
  readonly slots: readonly string[];
  /** Emits the update. */
  emit(scope: UpdateScope): UpdateResult;
  /** Serialisable options, the learning rate included: a number, or name and config of its schedule. */
  getConfig(): Record<string, unknown>;
}
