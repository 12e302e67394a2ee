import { compileStep, type StepRecipe } from '../compiler/compile.js';
import { layOutState } from '../compiler/state-layout.js';
import { ValueError } from '../core/errors.js';
import type { VariableHolder } from '../graph/variable.js';
import type { Plan } from '../plan/plan.js';
import { type StateLayout, trainedWeights } from '../plan/state-layout.js';
import type {
  Executor,
  PlanTimings,
  PreparedPlan,
  RunParameters,
  RunResults,
  StateValues,
} from '../runtime/executor.js';
import type { WatchedWeight } from '../runtime/watched-weight.js';
import { fillWithSamples } from './made-up-samples.js';
import { AVERAGE_SLOT } from './make-optimizer.js';
import type { DatasetFigures, Objective } from './objective.js';
import type { Optimizer } from './optimizer.js';
import { ordersSent } from './orders-sent.js';
import {
  evaluateRecipe,
  predictRecipe,
  probeRecipe,
  statisticsRecipe,
  trainRecipe,
} from './step-recipes.js';
import type { NamedVariable, Trainee } from './trainee.js';

/** Kinds of steps. */
export type StepKind = 'train' | 'evaluate' | 'predict' | 'probe' | 'statistics';

/** A step for one batch size, ready to run. */
export interface Step {
  readonly kind: StepKind;
  readonly batchSize: number;
  readonly plans: readonly Plan[];
  readonly prepared: PreparedPlan;
}

/** A step and where its time goes. */
export interface TimedStep {
  readonly step: Step;
  readonly timings: PlanTimings;
}

/** What training needs beside the model. */
export interface TrainerSettings {
  objective: Objective;
  optimizer: Optimizer;
}

/** Optimizer state of a model: arrays by slot and weight, and the number of steps done. */
export interface OptimizerState {
  /** Steps done. */
  iterations: number;
  /** `slots.get('m')?.get('conv/kernel')`. */
  slots: ReadonlyMap<string, ReadonlyMap<string, Float32Array>>;
}

/**
 * Keeps a model on an executor: lays its state out, moves weights there and back when somebody needs
 * them, compiles steps for batch sizes as they come, and runs them.
 */
export class Trainer implements VariableHolder {
  /** Steps of the optimizer so far. */
  iterations = 0;
  /** Seed of the random draws inside steps. */
  seed = 0;
  readonly #trainee: Trainee;
  readonly #settings: TrainerSettings | undefined;
  readonly #executor: Executor;
  readonly #steps = new Map<string, Step>();
  readonly #seen = new Map<string, number>();
  #layout: StateLayout | undefined;
  #trained = '';
  #stateIsNewer = false;
  #slotValues = new Map<string, Map<string, Float32Array>>();
  #watchesNext = false;
  #watched: ReadonlyMap<string, WatchedWeight> = new Map();

  /**
   * @param trainee the model. @param settings loss and optimizer; without them the model only predicts.
   * @param executor who runs the steps; it belongs to the trainer from now on.
   */
  constructor(trainee: Trainee, settings: TrainerSettings | undefined, executor: Executor) {
    this.#trainee = trainee;
    this.#settings = settings;
    this.#executor = executor;
  }

  /** Who runs the steps. */
  get executor(): Executor {
    return this.#executor;
  }

  /**
   * The step for a kind, a batch size and the layers to probe, compiled at the first use.
   * @param weighted whether a last input says what each sample counts in the loss.
   */
  async step(
    kind: StepKind,
    batchSize: number,
    layers: readonly string[] = [],
    weighted = false,
  ): Promise<Step> {
    const { written } = await this.#synchronize(kind);
    const key = stepKey(kind, batchSize, weighted, layers);
    const known = this.#steps.get(key);
    if (known !== undefined) {
      await written;
      return known;
    }
    const layout = this.#layout as StateLayout;
    const shares = splitBatch(batchSize, this.#executor.description.replicas);
    const recipe = this.#recipe(kind, layout, layers, weighted);
    // The replicas make or take the weights while this thread compiles.
    await ordersSent();
    let plans: Plan[];
    try {
      plans = compileStep(recipe, layout, shares, this.#executor.choice);
    } finally {
      await written;
    }
    const prepared = await this.#executor.prepare(plans);
    const step = { kind, batchSize, plans, prepared };
    this.#steps.set(key, step);
    return step;
  }

  /** The step for a kind and batch size if it is compiled already; `weighted` as above. */
  knownStep(kind: StepKind, batchSize: number, weighted = false): Step | undefined {
    return this.#steps.get(stepKey(kind, batchSize, weighted));
  }

  /** Runs a step on the inputs in one of its two sets; training steps count as iterations. */
  async run(step: Step, set: 0 | 1): Promise<RunResults> {
    this.followSchedule();
    const learningRate = this.#settings?.optimizer.learningRate ?? 0;
    if (!Number.isFinite(learningRate) || learningRate < 0) {
      throw new ValueError(`the learning rate must be a finite number ≥ 0, got ${learningRate}`);
    }
    const training = step.kind === 'train';
    const parameters = { step: this.iterations + 1, learningRate, seed: this.seed };
    const results = await this.#run(step, set, parameters);
    if (training) this.iterations++;
    if (training || step.kind === 'statistics') this.#stateIsNewer = true;
    return results;
  }

  /** @throws {DataError} when targets that are class indices name no class; see `Objective`. */
  requireClasses(targets: readonly Float32Array[], samples: Uint32Array): void {
    this.#settings?.objective.requireClasses(targets, samples);
  }

  /** Of the last step of training that `watchNext` asked for: what it found and did to each trained weight. */
  get watched(): ReadonlyMap<string, WatchedWeight> {
    return this.#watched;
  }

  /** Asks for a look at the next step of training. */
  watchNext(): void {
    this.#watchesNext = true;
  }

  async #run(step: Step, set: 0 | 1, parameters: RunParameters): Promise<RunResults> {
    if (step.kind !== 'train' || !this.#watchesNext) {
      return this.#executor.run(step.prepared, set, parameters);
    }
    this.#watchesNext = false;
    const { results, weights } = await this.#executor.runWatched(step.prepared, set, parameters);
    this.#watched = weights;
    return results;
  }

  /** Begins to count figures of a whole data set. */
  beginFigures(): DatasetFigures {
    return this.#required('evaluate').objective.beginFigures();
  }

  /** Sets a scheduled learning rate to that of the next step. */
  followSchedule(): void {
    this.#settings?.optimizer.followSchedule?.(this.iterations);
  }

  /** Where the time of the steps that have run goes; nothing unless the executor takes times. */
  async timings(): Promise<TimedStep[]> {
    const timed: TimedStep[] = [];
    for (const step of this.#steps.values()) {
      const timings = await this.#executor.timings(step.prepared);
      if (timings !== undefined) timed.push({ step, timings });
    }
    return timed;
  }

  /**
   * Runs a step so many times, after one to warm up, over made-up samples; weights and optimizer are
   * then as they were.
   * @throws {ValueError} when the executor takes no times.
   */
  async measure(kind: StepKind, batchSize: number, runs: number): Promise<TimedStep> {
    await this.pull();
    const weights = this.#trainee.namedVariables.flatMap(({ variable }) => {
      // First values that nobody has looked at are made again.
      return variable.initialValues === undefined ? [{ variable, values: variable.hostValue }] : [];
    });
    const { iterations, slots } = await this.optimizerState();
    const state = { iterations, slots: new Map([...slots].map(([k, v]) => [k, new Map(v)])) };
    const step = await this.step(kind, batchSize);
    try {
      fillWithSamples(step, this.#trainee.inputNames.length);
      for (let run = 0; run <= runs; run++) await this.run(step, 0);
      const timings = await this.#executor.timings(step.prepared);
      if (timings !== undefined) return { step, timings };
      throw new ValueError('no times are taken; compile the model with { profile: true } first');
    } finally {
      if (kind === 'train') {
        this.#stateIsNewer = false;
        for (const { variable, values } of weights) variable.accept(values);
        await this.setOptimizerState(state);
      }
    }
  }

  /**
   * Copies the newest weights from the executor into the model's variables, except those that were written
   * since the last step: these are newer.
   */
  async pull(): Promise<void> {
    if (!this.#stateIsNewer) return;
    const written = this.#trainee.namedVariables.filter(
      ({ entry, variable }) => this.#seen.get(entry) !== variable.version,
    );
    await this.#pullExcept(new Set(written.map(({ entry }) => entry)));
  }

  /** The newest values of some weights, without those of the others. */
  async readWeights(entries: readonly string[]): Promise<Map<string, Float32Array>> {
    return this.#executor.readState(entries);
  }

  /**
   * Puts the moving averages of the weights into the model and the weights in their place; a second call
   * brings both back, bit for bit.
   * @throws {ValueError} when there are none.
   */
  async swapAverages(): Promise<void> {
    await this.pull();
    const averages = (await this.optimizerState()).slots.get(AVERAGE_SLOT);
    if (averages === undefined || averages.size === 0 || this.iterations === 0) {
      throw new ValueError(
        `model '${this.#trainee.name}' has no moving averages of its weights; compile it with an optimizer that has useEma: true, and train it`,
      );
    }
    const swapped = new Map(averages);
    for (const { entry, variable } of this.#trainee.namedVariables) {
      const average = averages.get(entry);
      if (average === undefined) continue;
      swapped.set(entry, variable.hostValue);
      variable.accept(average);
    }
    const slots = new Map(this.#slotValues).set(AVERAGE_SLOT, swapped);
    this.#slotValues = slots;
    const layout = this.#layout;
    if (layout === undefined) return;
    await this.#executor.writeState(new Map([[AVERAGE_SLOT, this.#join(layout, swapped)]]));
  }

  /** The state of the optimizer, for saving. */
  async optimizerState(): Promise<OptimizerState> {
    await this.#pullSlots();
    return { iterations: this.iterations, slots: this.#slotValues };
  }

  /** Sets the state of the optimizer; weights that it does not name begin at zero. */
  async setOptimizerState(state: OptimizerState): Promise<void> {
    await this.pull();
    this.iterations = state.iterations;
    this.#slotValues = new Map([...state.slots].map(([slot, values]) => [slot, new Map(values)]));
    this.#layout = undefined;
  }

  /** The last step's gradients by weight, summed over replicas. */
  async gradients(): Promise<Map<string, Float32Array>> {
    const layout = this.#layout;
    if (layout === undefined || layout.gradients.size === 0) return new Map();
    const range = (await this.#executor.readState(['@gradients'])).get('@gradients');
    return this.#split(layout, range as Float32Array);
  }

  /**
   * Sets all gradients to zero, as training finds them at first. A probe needs it: it may compute
   * gradients, of biases before a normalisation, that a training step knows to be zero and never writes.
   */
  async clearGradients(): Promise<void> {
    const size = this.#layout?.gradients.size ?? 0;
    if (size === 0) return;
    await this.#executor.writeState(new Map([['@gradients', new Float32Array(size)]]));
  }

  /** Copies weights and optimizer state back and ends the executor; the copies can be read further. */
  async dispose(): Promise<void> {
    try {
      await this.pull();
      await this.#pullSlots();
      this.#layout = undefined;
    } finally {
      for (const { variable } of this.#trainee.namedVariables) {
        if (variable.holder === this) variable.holder = undefined;
      }
      await this.#executor.dispose();
    }
  }

  #recipe(
    kind: StepKind,
    layout: StateLayout,
    layers: readonly string[],
    weighted: boolean,
  ): StepRecipe {
    if (kind === 'predict') return predictRecipe(this.#trainee);
    if (kind === 'statistics') return statisticsRecipe(this.#trainee);
    const settings = this.#required(kind);
    if (kind === 'evaluate') return evaluateRecipe(this.#trainee, settings.objective, weighted);
    if (kind === 'probe') return probeRecipe(this.#trainee, settings.objective, layout, layers);
    return trainRecipe(this.#trainee, settings.objective, settings.optimizer, layout, weighted);
  }

  #required(kind: StepKind): TrainerSettings {
    if (this.#settings !== undefined) return this.#settings;
    throw new ValueError(
      `model '${this.#trainee.name}' has to be compiled before it can ${kind}; call compile({ optimizer, loss }) first`,
    );
  }

  /** Brings the state on the executor up to date with the variables, laying it out anew if needed. */
  async #synchronize(kind: StepKind): Promise<{ written: Promise<void> | undefined }> {
    const named = this.#trainee.namedVariables;
    for (const { variable } of named) {
      if (variable.holder !== undefined && variable.holder !== this) await variable.holder.pull();
    }
    const differentiates = kind === 'train' || kind === 'probe';
    if (differentiates) this.#required(kind);
    const trainedNow = new Set(this.#trainee.trainableWeights);
    const entries = named.flatMap(({ entry, variable }) => {
      return trainedNow.has(variable) ? entry : [];
    });
    // A frozen normalisation computes something else even if it has no weights that train.
    const signature = [...entries, 'frozen:', ...this.#trainee.frozenLayers].join('\n');
    const trains = differentiates || this.#trained !== '';
    const wanted = trains ? `train\n${signature}` : '';
    if (this.#layout === undefined || this.#trained !== wanted) {
      await this.#layOut(trains, trainedNow);
      this.#trained = wanted;
    }
    const changed = named.filter(
      ({ entry, variable }) => this.#seen.get(entry) !== variable.version,
    );
    const written = changed.length > 0 ? this.#push(changed) : undefined;
    for (const { variable } of named) variable.holder = this;
    return { written };
  }

  async #layOut(trains: boolean, trained: ReadonlySet<unknown>): Promise<void> {
    await this.pull();
    await this.#pullSlots();
    const variables = this.#trainee.namedVariables.map(({ entry, variable }) => {
      return { entry, shape: variable.shape, trained: trained.has(variable) };
    });
    const slots = trains ? this.#required('train').optimizer.slots : undefined;
    const layout = layOutState(variables, slots, this.#executor.description.replicas);
    this.#steps.clear();
    this.#seen.clear();
    await this.#executor.allocateState(layout);
    this.#layout = layout;
    const values = new Map<string, Float32Array>();
    for (const { name } of layout.slots) {
      const saved = this.#slotsToBegin(name);
      if (saved !== undefined) values.set(name, this.#join(layout, saved));
    }
    if (values.size > 0) await this.#executor.writeState(values);
  }

  /**
   * What a slot begins with: what it was, else zeros; but the average of a weight that joins a run under
   * way is the weight.
   */
  #slotsToBegin(slot: string): ReadonlyMap<string, Float32Array> | undefined {
    const saved = this.#slotValues.get(slot);
    if (slot !== AVERAGE_SLOT || this.iterations === 0) return saved;
    const values = new Map(saved);
    for (const { entry, variable } of this.#trainee.namedVariables) {
      if (!values.has(entry)) values.set(entry, variable.hostValue);
    }
    return values;
  }

  async #push(changed: readonly NamedVariable[]): Promise<void> {
    if (this.#stateIsNewer) await this.#pullExcept(new Set(changed.map(({ entry }) => entry)));
    const values = new Map<string, StateValues>();
    for (const { entry, variable } of changed) {
      // First values are made where they are kept; the host makes its own if somebody looks.
      values.set(entry, variable.initialValues ?? variable.hostValue);
    }
    await this.#executor.writeState(values);
    for (const { entry, variable } of changed) this.#seen.set(entry, variable.version);
  }

  /** Before the host overwrites some weights on the executor, the others come back to the host. */
  async #pullExcept(overwritten: ReadonlySet<string>): Promise<void> {
    const named = this.#trainee.namedVariables.filter(({ entry }) => !overwritten.has(entry));
    const values = await this.#executor.readState(named.map(({ entry }) => entry));
    for (const { entry, variable } of named) {
      variable.accept(values.get(entry) as Float32Array);
      this.#seen.set(entry, variable.version);
    }
    this.#stateIsNewer = false;
  }

  async #pullSlots(): Promise<void> {
    const layout = this.#layout;
    if (layout === undefined || layout.slots.length === 0) return;
    // By its own name a slot comes whole; the entry `slot:…` is one replica's shard.
    const values = await this.#executor.readState(layout.slots.map(({ name }) => name));
    for (const { name } of layout.slots) {
      const range = values.get(name) as Float32Array;
      const earlier = this.#slotValues.get(name) ?? new Map<string, Float32Array>();
      for (const [entry, value] of this.#split(layout, range)) earlier.set(entry, value);
      this.#slotValues.set(name, earlier);
    }
  }

  /** Cuts a range of all trained weights into one array a weight. */
  #split(layout: StateLayout, range: Float32Array): Map<string, Float32Array> {
    const parts = new Map<string, Float32Array>();
    for (const { entry, start, count } of trainedWeights(layout)) {
      parts.set(entry, range.slice(start, start + count));
    }
    return parts;
  }

  #join(layout: StateLayout, parts: ReadonlyMap<string, Float32Array>): Float32Array {
    const range = new Float32Array(layout.trainable.size);
    for (const { entry, start, count } of trainedWeights(layout)) {
      const part = parts.get(entry);
      if (part?.length === count) range.set(part, start);
    }
    return range;
  }
}

function stepKey(
  kind: StepKind,
  batchSize: number,
  weighted: boolean,
  layers: readonly string[] = [],
): string {
  return [kind, batchSize, weighted ? 'weighted' : 'plain', ...layers].join(' ');
}

/** Samples of a batch for each replica: as even as can be, the first ones taking the rest. */
export function splitBatch(batchSize: number, replicas: number): number[] {
  return Array.from({ length: replicas }, (_, replica) => {
    return Math.floor(batchSize / replicas) + (replica < batchSize % replicas ? 1 : 0);
  });
}
