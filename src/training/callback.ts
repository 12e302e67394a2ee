import type { Dataset } from '../data/dataset.js';
import type { EpochPosition } from './epoch-position.js';
import type { Optimizer } from './optimizer.js';
import type { Probe, ProbeOptions } from './probe.js';
import type { NamedVariable } from './trainee.js';
import type { WeightFlow } from './weight-flow.js';

/** Figures by name, such as `loss` and `accuracy`. */
export type Logs = Readonly<Record<string, number>>;

/** What a callback may see and change of the training under way. */
export interface TrainingControl {
  /** Set it to end training after the step under way. */
  stopTraining: boolean;
  /** The optimizer, whose learning rate may be changed. */
  readonly optimizer: Optimizer;
  /** All weights of the model. */
  readonly namedVariables: readonly NamedVariable[];
  /** Looks into the model between two steps, changing nothing; see `Model.probe`. */
  probe(x: Dataset, options?: ProbeOptions): Promise<Probe>;
  /** Gradients of the last training step, by weight name, as the optimizer used them; see `Model.gradients`. */
  gradients(): Promise<ReadonlyMap<string, Float32Array>>;
  /** Asks for a look at the next step of training; see `watchedWeights`. */
  watchNextStep(): Promise<void>;
  /** What the last step that was asked for found and did to every trained weight; see `Model.watchedWeights`. */
  watchedWeights(): Promise<ReadonlyMap<string, WeightFlow>>;
  /** Does something with the moving averages of the weights in the model; see `Model.withEmaWeights`. */
  withEmaWeights<T>(work: () => Promise<T>): Promise<T>;
}

/** What a run will do, told to callbacks before it begins. */
export interface RunPlan {
  /** Epochs in all, and the first one of this call, from 0. */
  epochs: number;
  /** First epoch of this call, from 0. */
  initialEpoch: number;
  /** Samples and steps of one epoch. */
  samples: number;
  /** Steps of one epoch. */
  steps: number;
  /** Samples in a step. */
  batchSize: number;
  /** Where training stands at this moment, so that it can go on from there. */
  position(): TrainingPosition;
}

/** So many whole epochs, their validation included, and so far in the next one. */
export interface TrainingPosition extends EpochPosition {
  /** Whole epochs. */
  epoch: number;
}

/**
 * Hooks into `fit` and `evaluate`, all optional, named as in Keras. Epochs and batches count from 0;
 * logs of a batch are running means over the epoch so far, with `samples` done and `imagesPerSecond`.
 * A hook may be asynchronous: training waits for it.
 */
export interface Callback {
  /** Name in files and messages. */
  readonly name?: string;
  /** Called once before everything else. */
  setModel?(control: TrainingControl, plan: RunPlan): void;
  /** Before the first epoch. */
  onTrainBegin?(logs: Logs): void | Promise<void>;
  /** After the last epoch. */
  onTrainEnd?(logs: Logs): void | Promise<void>;
  /** Before an epoch. */
  onEpochBegin?(epoch: number, logs: Logs): void | Promise<void>;
  /** After an epoch and its validation. */
  onEpochEnd?(epoch: number, logs: Logs): void | Promise<void>;
  /** Before a training step. */
  onTrainBatchBegin?(batch: number, logs: Logs): void | Promise<void>;
  /** After a training step. */
  onTrainBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  /** Before an evaluation of so many `samples`. */
  onTestBegin?(logs: Logs): void | Promise<void>;
  /** After an evaluation. */
  onTestEnd?(logs: Logs): void | Promise<void>;
  /** Before a batch of an evaluation. */
  onTestBatchBegin?(batch: number, logs: Logs): void | Promise<void>;
  /** After a batch of an evaluation. */
  onTestBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  /** Before a prediction. */
  onPredictBegin?(logs: Logs): void | Promise<void>;
  /** After a prediction. */
  onPredictEnd?(logs: Logs): void | Promise<void>;
  /** Before a batch of a prediction. */
  onPredictBatchBegin?(batch: number, logs: Logs): void | Promise<void>;
  /** After a batch of a prediction, with the `samples` done. */
  onPredictBatchEnd?(batch: number, logs: Logs): void | Promise<void>;
  /**
   * After a step whose loss is no finite number: true ends training there, else `fit` fails with a
   * `DivergenceError`.
   */
  onDivergence?(loss: number): boolean;
  /** What the callback must know to go on in another process, such as counters, as a JSON value. */
  getState?(): unknown;
  /** Goes on from such a state; called before `fit`. @throws {FormatError} for what is none. */
  setState?(state: unknown): void;
  /** Arrays that belong to the state, such as the best weights, by name. */
  getArrays?(): ReadonlyMap<string, Float32Array>;
  /** Takes the arrays back; called after `setState`. */
  setArrays?(arrays: ReadonlyMap<string, Float32Array>): void;
}

/** A callback that a description can name. */
export interface NamedCallback extends Callback {
  readonly name: string;
  /** Serialisable options, with all defaults filled in. */
  getConfig(): Record<string, unknown>;
}

/** Hooks that are called in the course of a run. */
export const callbackHooks = [
  'onTrainBegin',
  'onTrainEnd',
  'onEpochBegin',
  'onEpochEnd',
  'onTrainBatchBegin',
  'onTrainBatchEnd',
  'onTestBegin',
  'onTestEnd',
  'onTestBatchBegin',
  'onTestBatchEnd',
  'onPredictBegin',
  'onPredictEnd',
  'onPredictBatchBegin',
  'onPredictBatchEnd',
] as const;

type Hook = (typeof callbackHooks)[number];

/** Calls one hook of several callbacks, in order. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];

  /** @param callbacks who wants to hear. */
  constructor(callbacks: readonly Callback[]) {
    this.#callbacks = callbacks;
  }

  /** Tells all callbacks what is about to run. */
  setModel(control: TrainingControl, plan: RunPlan): void {
    for (const callback of this.#callbacks) callback.setModel?.(control, plan);
  }

  /** Whether a callback ends training for the sake of a loss that is no finite number. */
  endsAt(loss: number): boolean {
    return this.#callbacks.some((callback) => callback.onDivergence?.(loss) === true);
  }

  /** Calls a hook that has a number, of an epoch or batch. */
  async numbered(
    hook: Extract<Hook, `on${string}Epoch${string}` | `on${string}Batch${string}`>,
    number: number,
    logs: Logs,
  ): Promise<void> {
    for (const callback of this.#callbacks) await callback[hook]?.(number, logs);
  }

  /** Calls a hook of the beginning or end of a whole run. */
  async run(
    hook: Exclude<Hook, `on${string}Epoch${string}` | `on${string}Batch${string}`>,
    logs: Logs,
  ): Promise<void> {
    for (const callback of this.#callbacks) await callback[hook]?.(logs);
  }
}
