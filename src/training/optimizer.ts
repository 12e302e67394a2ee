import type { Value } from '../ops/ir.js';
import type { Shards } from '../ops/optimizer-update.js';

/** The trained weights of a step, all in one range, with what the optimizer needs to change them. */
export interface UpdateScope {
  /** All trained weights. */
  w: Value;
  /** Their gradients, valid in this replica's shard. */
  g: Value;
  /** This replica's shard of each of the optimizer's slots, by name. */
  slots: Readonly<Record<string, Value>>;
  shards: Shards;
}

/** New values of weights and slots. */
export interface UpdateResult {
  w: Value;
  slots: Readonly<Record<string, Value>>;
}

/** Changes weights by their gradients. `learningRate` may be set between steps. */
export interface Optimizer {
  /** Name in files and messages. */
  readonly name: string;
  /** Step size; takes effect at the next step. */
  learningRate: number;
  /** Names of the arrays that it keeps for each weight. */
  readonly slots: readonly string[];
  /** Emits the update. */
  emit(scope: UpdateScope): UpdateResult;
  /** Serialisable options, the learning rate included. */
  getConfig(): Record<string, number | boolean>;
}
