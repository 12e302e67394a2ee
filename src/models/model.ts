import { GraphError, ValueError } from '../core/errors.js';
import { type Shape, sizeOf } from '../core/shape.js';
import type { Dataset } from '../data/dataset.js';
import { isSampleStream, type SampleStream } from '../data/stream-dataset.js';
import type { CallContext } from '../graph/graph-layer.js';
import type { Variable } from '../graph/variable.js';
import { profileStep, type StepProfile } from '../inspect/step-profile.js';
import { countParameters, formatSummary, summarize } from '../inspect/summary.js';
import { Layer, type LayerConfig } from '../layers/layer.js';
import { networkToConfig } from '../network/config.js';
import { isNetworkLayer, Network } from '../network/network.js';
import type { Value } from '../ops/ir.js';
import type { Plan } from '../plan/plan.js';
import type { Executor } from '../runtime/executor.js';
import { checkSamples } from '../training/batch-runner.js';
import { runStatistics } from '../training/batch-statistics.js';
import { CallbackList, type TrainingControl } from '../training/callback.js';
import { requireBatchSize, runEvaluate, runFit, runPredict } from '../training/fit.js';
import { History } from '../training/history.js';
import { Objective } from '../training/objective.js';
import type { Optimizer } from '../training/optimizer.js';
import { resolveOptimizer } from '../training/optimizers.js';
import { type Probe, type ProbeOptions, runProbe } from '../training/probe.js';
import { type ClassWeight, SampleWeights } from '../training/sample-weights.js';
import type { NamedVariable, Trainee } from '../training/trainee.js';
import { type OptimizerState, type StepKind, Trainer } from '../training/trainer.js';
import { type WeightFlow, weightFlow } from '../training/weight-flow.js';
import {
  DEFAULT_BATCH_SIZE,
  isDataset,
  splitValidation,
  streamedData,
  toDataset,
} from './fit-data.js';
import type {
  CompileOptions,
  EvaluateOptions,
  FitOptions,
  ModelOptions,
  ObjectiveOptions,
  Prediction,
  RunOptions,
  Samples,
  WeightChoice,
} from './model-options.js';
import { type ExecutorOptions, platform, requireKnownExecutor } from './platform.js';

interface Compiled {
  given: ObjectiveOptions;
  objective: Objective;
  optimizer: Optimizer;
}

/**
 * A graph of layers between inputs and outputs that can be trained, evaluated and used, as in Keras's
 * functional API. A model is a layer too: called on tensors, it is repeated there with the same weights.
 */
export class Model extends Layer implements Trainee, TrainingControl {
  readonly className: string = 'Functional';
  /** Set it in a callback to end training after the step under way. */
  stopTraining = false;
  readonly #network: Network;
  #compiled: Compiled | undefined;
  #executorOptions: ExecutorOptions & { on?: Executor } = {};
  #trainer: Promise<Trainer> | undefined;
  #discarded: Promise<void> = Promise.resolve();
  #restored: OptimizerState | undefined;

  /**
   * @param options inputs and outputs.
   * @throws {GraphError} when the outputs cannot be computed from the inputs, or names repeat.
   */
  constructor(options: ModelOptions) {
    super(options, 'model');
    const { inputs, outputs } = options;
    this.#network = new Network({ inputs, outputs, name: this.name });
    this.ensureBuilt(this.#network.inputShapes);
    if (options.trainable === false) this.trainable = false;
  }

  /** All layers, in Keras's order: by depth, then in the order in which they are reached. */
  get layers(): readonly Layer[] {
    return this.#network.layers;
  }

  /** The graph of the model. */
  get network(): Network {
    return this.#network;
  }

  protected override get inputArity(): readonly [number, number] {
    const count = this.#network.inputs.length;
    return [count, count];
  }

  /** Names of the inputs: those of their layers. */
  get inputNames(): readonly string[] {
    return this.#network.inputNames;
  }

  get inputShapes(): readonly Shape[] {
    return this.#network.inputShapes;
  }

  /** Names of the outputs: those of their layers. */
  get outputNames(): readonly string[] {
    return this.#network.outputNames;
  }

  get outputShapes(): readonly Shape[] {
    return this.#network.outputShapes;
  }

  get namedVariables(): readonly NamedVariable[] {
    return this.#network.variables.map(({ name, variable }) => ({ entry: name, variable }));
  }

  override get trainable(): boolean {
    return super.trainable;
  }

  /** Freezes or thaws the model and all its layers. */
  override set trainable(trainable: boolean) {
    super.trainable = trainable;
    for (const layer of this.layers) layer.trainable = trainable;
  }

  override get weights(): readonly Variable[] {
    return this.#network.variables.map(({ variable }) => variable);
  }

  override get trainableWeights(): readonly Variable[] {
    if (!this.trainable) return [];
    return this.#network.variables.flatMap(({ variable, trainable }) =>
      trainable ? variable : [],
    );
  }

  get frozenLayers(): readonly string[] {
    return frozenLayersOf(this.#network, '');
  }

  /** The optimizer that the model was compiled with. */
  get optimizer(): Optimizer {
    return this.#requireCompiled('have an optimizer').optimizer;
  }

  /** Losses and metrics as they were given to `compile`. */
  get objectiveOptions(): ObjectiveOptions {
    return this.#requireCompiled('have losses').given;
  }

  /** Whether `compile` was called. */
  get compiled(): boolean {
    return this.#compiled !== undefined;
  }

  /**
   * A layer by name.
   * @throws {UnknownNameError} when there is none, with the nearest name.
   */
  getLayer(name: string): Layer {
    return this.#network.getLayer(name);
  }

  /** A table of all layers with output shapes and numbers of parameters, as text. */
  summary(): string {
    return formatSummary(summarize(this.#network), countParameters(this.#network));
  }

  call(inputs: readonly Value[], context: CallContext): readonly Value[] {
    return this.emit(inputs, context);
  }

  emit(inputs: readonly Value[], context: CallContext): readonly Value[] {
    return this.#network.emit(inputs, context);
  }

  getConfig(): LayerConfig {
    return { ...networkToConfig(this.#network) };
  }

  /**
   * Says how to train: loss, optimizer, metrics, and what runs the model.
   * @throws {UnknownNameError} for names that are none. @throws {ValueError} for options out of range.
   */
  compile(options: CompileOptions): void {
    const { loss, lossWeights, metrics, optimizer = 'adam', ...executor } = options;
    requireKnownExecutor(executor);
    const given = { loss, lossWeights, metrics };
    const objective = new Objective(this.outputNames, this.outputShapes, given);
    this.#discard();
    this.#compiled = { given, objective, optimizer: resolveOptimizer(optimizer) };
    this.#executorOptions = executor;
    this.#restored = undefined;
  }

  /**
   * Trains for some epochs.
   * @param x a data set, or the samples of all inputs, or a stream of samples or batches, which come in
   * their own order. @param y targets for samples.
   * @returns the figures of every epoch.
   * @throws {ShapeError} when the data does not fit. @throws {DivergenceError} when the loss does not
   * stay a finite number.
   */
  async fit(x: Dataset, options?: FitOptions): Promise<History>;
  async fit(x: SampleStream, options: FitOptions): Promise<History>;
  async fit(x: Samples, y: Samples, options?: FitOptions): Promise<History>;
  async fit(
    x: Dataset | SampleStream | Samples,
    yOrOptions?: Samples | FitOptions,
    fitOptions: FitOptions = {},
  ): Promise<History> {
    if (isSampleStream(x)) {
      const options = (yOrOptions ?? {}) as FitOptions;
      const data = streamedData(x, options, {
        inputShapes: this.inputShapes,
        targetShapes: this.#requireCompiled('fit').objective.targetShapes,
      });
      return this.fit(data, { ...options, shuffle: false });
    }
    const [data, options] = isDataset(x)
      ? [x, (yOrOptions ?? {}) as FitOptions]
      : [toDataset(x, yOrOptions as Samples), fitOptions];
    const { epochs = 1, batchSize = DEFAULT_BATCH_SIZE, initialEpoch = 0 } = options;
    requireBatchSize(batchSize);
    if (!Number.isInteger(epochs) || epochs < 1) {
      throw new ValueError(`epochs must be an integer ≥ 1, got ${epochs}`);
    }
    this.#requireCompiled('fit');
    const weights = this.#weights(options, data.size);
    const { train, validation } = splitValidation(data, options);
    const { validationData } = options;
    this.#check(train, true);
    if (validation !== undefined) this.#check(validation, true);
    const history = new History();
    const progress = options.verbose === false ? undefined : platform().createProgress?.();
    const callbacks = [history, ...(progress ? [progress] : []), ...(options.callbacks ?? [])];
    history.stoppedAt = await runFit({
      trainer: await this.trainer(),
      control: this,
      callbacks: new CallbackList(callbacks),
      dataset: train,
      validation,
      validatesEma: isEma(options.validationWeights),
      weights: weights?.part(0, train.size),
      validationSampleWeights: Array.isArray(validationData)
        ? this.#weights({ sampleWeight: validationData[2] }, validation?.size ?? 0)
        : options.sampleWeight && validationData === undefined
          ? weights?.part(train.size, data.size)
          : undefined,
      epochs,
      initialEpoch,
      position: options.initialPosition,
      batchSize,
      shuffle: options.shuffle ?? true,
      seed: options.seed ?? 0,
      now: () => performance.now(),
    });
    return history;
  }

  /**
   * Mean loss and metrics over data, in inference mode.
   * @throws {ShapeError} when the data does not fit.
   */
  async evaluate(x: Dataset, options?: EvaluateOptions): Promise<Record<string, number>>;
  async evaluate(
    x: Samples,
    y: Samples,
    options?: EvaluateOptions,
  ): Promise<Record<string, number>>;
  async evaluate(
    x: Dataset | Samples,
    yOrOptions?: Samples | EvaluateOptions,
    runOptions: EvaluateOptions = {},
  ): Promise<Record<string, number>> {
    const [data, options] = isDataset(x)
      ? [x, (yOrOptions ?? {}) as EvaluateOptions]
      : [toDataset(x, yOrOptions as Samples), runOptions];
    const { batchSize = DEFAULT_BATCH_SIZE, callbacks = [] } = options;
    requireBatchSize(batchSize);
    this.#requireCompiled('evaluate');
    this.#check(data, true);
    const weights = this.#weights(options, data.size);
    const trainer = await this.trainer();
    return this.#withWeights(options.weights, () =>
      runEvaluate(trainer, data, batchSize, new CallbackList(callbacks), weights),
    );
  }

  /**
   * The output for every sample; of a model with several outputs, use `predictAll`.
   * @throws {ShapeError} when the data does not fit.
   */
  async predict(x: Dataset | Samples, options: RunOptions = {}): Promise<Prediction> {
    const all = await this.predictAll(x, options);
    if (all.length === 1) return all[0];
    throw new GraphError(`model '${this.name}' has ${all.length} outputs; use predictAll()`);
  }

  /** All outputs for every sample. @throws {ShapeError} when the data does not fit. */
  async predictAll(x: Dataset | Samples, options: RunOptions = {}): Promise<Prediction[]> {
    const { batchSize = DEFAULT_BATCH_SIZE, callbacks = [] } = options;
    requireBatchSize(batchSize);
    const data = isDataset(x) ? x : toDataset(x, []);
    this.#check(data, false);
    const sizes = this.outputShapes.map(sizeOf);
    const list = new CallbackList(callbacks);
    const trainer = await this.trainer();
    const outputs = await this.#withWeights(options.weights, () =>
      runPredict(trainer, data, batchSize, sizes, list),
    );
    return outputs.map((array, i) => {
      return { data: array, shape: [data.size, ...this.outputShapes[i]] };
    });
  }

  /**
   * One step of the optimizer on one batch.
   * @returns loss and metrics of the batch, before the step.
   */
  async trainOnBatch(x: Samples, y: Samples): Promise<Record<string, number>> {
    const data = toDataset(x, y);
    const history = await this.fit(data, { batchSize: data.size, shuffle: false, verbose: false });
    const { seconds: _, ...figures } = history.history;
    return Object.fromEntries(Object.entries(figures).map(([name, [value]]) => [name, value]));
  }

  /** Loss and metrics of one batch, in inference mode. */
  async testOnBatch(x: Samples, y: Samples): Promise<Record<string, number>> {
    const data = toDataset(x, y);
    return this.evaluate(data, { batchSize: data.size });
  }

  /** The output for one batch. */
  async predictOnBatch(x: Samples): Promise<Prediction> {
    const data = toDataset(x, []);
    return this.predict(data, { batchSize: data.size });
  }

  /** The compiled plans of a step for a batch size, one a replica: what the executor runs. */
  async plans(
    kind: Exclude<StepKind, 'probe' | 'statistics'>,
    batchSize: number,
  ): Promise<readonly Plan[]> {
    requireBatchSize(batchSize);
    return (await (await this.trainer()).step(kind, batchSize)).plans;
  }

  /**
   * Where the time of all steps that have run since `compile({ profile: true })` goes, one profile for
   * each kind of step and batch size; empty unless times are taken.
   */
  async profiles(): Promise<StepProfile[]> {
    const timed = await (await this.trainer()).timings();
    return timed.map(({ step, timings }) => profileStep(step.plans, timings));
  }

  /**
   * Measures a step over made-up samples; weights and optimizer are the same before and after.
   * @param steps how many are measured, after one that warms up; default 5.
   * @throws {ValueError} when the model was not compiled with `profile: true`.
   */
  async measureStep(
    kind: Exclude<StepKind, 'statistics'>,
    batchSize: number,
    steps = 5,
  ): Promise<StepProfile> {
    requireBatchSize(batchSize);
    if (!Number.isInteger(steps) || steps < 1) {
      throw new ValueError(`steps must be an integer ≥ 1, got ${steps}`);
    }
    const { step, timings } = await (await this.trainer()).measure(kind, batchSize, steps);
    return profileStep(step.plans, timings);
  }

  /** The executor that runs the model, made at the first use. */
  async executor(): Promise<Executor> {
    return (await this.trainer()).executor;
  }

  /**
   * One forward and backward pass over all samples as one batch, in training mode, that changes nothing:
   * outputs of layers, gradients with respect to them, and gradients of the weights.
   * @throws {UnknownNameError} for a layer that there is not. @throws {ShapeError} when data does not fit.
   */
  async probe(x: Dataset, options?: ProbeOptions): Promise<Probe>;
  async probe(x: Samples, y: Samples, options?: ProbeOptions): Promise<Probe>;
  async probe(
    x: Dataset | Samples,
    yOrOptions?: Samples | ProbeOptions,
    probeOptions: ProbeOptions = {},
  ): Promise<Probe> {
    const [data, options] = isDataset(x)
      ? [x, (yOrOptions ?? {}) as ProbeOptions]
      : [toDataset(x, yOrOptions as Samples), probeOptions];
    this.#requireCompiled('probe');
    this.#check(data, true);
    return runProbe(await this.trainer(), data, options);
  }

  /**
   * Does something, such as saving, with the moving averages of the weights in the model, and brings the
   * weights back bit for bit, so that training goes on as if nothing had happened.
   * @throws {ValueError} without averages: they need an optimizer with `useEma` and a step of training.
   */
  async withEmaWeights<T>(work: () => Promise<T>): Promise<T> {
    await this.swapEmaWeights();
    try {
      return await work();
    } finally {
      await this.swapEmaWeights();
    }
  }

  /**
   * Exchanges the weights and their moving averages; a second call brings both back. `fit` leaves the weights
   * in the model, where Keras leaves the averages.
   * @throws {ValueError} without averages.
   */
  async swapEmaWeights(): Promise<void> {
    this.#requireCompiled('have averages of its weights');
    await (await this.trainer()).swapAverages();
  }

  /**
   * Estimates the moving statistics of all batch normalisations anew, as the mean of those of the batches, in
   * one pass in training mode: for weights that training did not see as they are, such as averages.
   * @throws {ShapeError} when the data does not fit. @throws {DataError} when there is no sample.
   */
  async updateBatchNormalization(
    x: Dataset | Samples,
    { batchSize = DEFAULT_BATCH_SIZE }: { batchSize?: number } = {},
  ): Promise<void> {
    requireBatchSize(batchSize);
    const data = isDataset(x) ? x : toDataset(x, []);
    this.#check(data, false);
    await runStatistics(await this.trainer(), this.namedVariables, data, batchSize);
  }

  /** Gradients of the last training step, by weight name, as the optimizer used them; a probe since then leaves zeros. */
  async gradients(): Promise<Map<string, Float32Array>> {
    return (await this.trainer()).gradients();
  }

  /** Asks for a look at the next step of training; see `watchedWeights`. */
  async watchNextStep(): Promise<void> {
    (await this.trainer()).watchNext();
  }

  /**
   * Norms, gradients and updates of all trained weights in the last step that `watchNextStep` asked for, by
   * weight name; they are taken inside of the step and cost less than 2 % of it for the article's network.
   */
  async watchedWeights(): Promise<ReadonlyMap<string, WeightFlow>> {
    const { watched } = await this.trainer();
    return new Map([...watched].map(([name, weight]) => [name, weightFlow(weight)]));
  }

  /** Optimizer state and number of steps, for saving. */
  async optimizerState(): Promise<OptimizerState> {
    await this.#discarded;
    if (this.#trainer !== undefined) return (await this.#trainer).optimizerState();
    return this.#restored ?? { iterations: 0, slots: new Map() };
  }

  /** Continues with a saved state of the optimizer. */
  async setOptimizerState(state: OptimizerState): Promise<void> {
    this.optimizer.followSchedule?.(state.iterations);
    this.#restored = state;
    if (this.#trainer !== undefined) await (await this.#trainer).setOptimizerState(state);
  }

  /** Losses, metrics and optimizer, for files; undefined before `compile`. */
  compileConfig(): Record<string, unknown> | undefined {
    if (this.#compiled === undefined) return undefined;
    const { objective, optimizer } = this.#compiled;
    const { name, getConfig } = optimizer;
    return { ...objective.getConfig(), optimizer: { name, config: getConfig.call(optimizer) } };
  }

  /**
   * Ends the workers of the model; weights and optimizer state stay, and further use starts new workers.
   */
  async dispose(): Promise<void> {
    const [trainer, compiled] = [this.#trainer, this.#compiled];
    this.#discard();
    await this.#discarded;
    if (trainer === undefined || compiled === undefined || this.#compiled !== compiled) return;
    this.#restored = await (await trainer).optimizerState();
  }

  private async trainer(): Promise<Trainer> {
    await this.#discarded;
    this.#trainer ??= this.#createTrainer();
    return this.#trainer;
  }

  async #createTrainer(): Promise<Trainer> {
    const { on, ...options } = this.#executorOptions;
    const executor = on ?? (await platform().createExecutor(options));
    const trainer = new Trainer(this, this.#compiled, executor);
    if (this.#restored !== undefined) await trainer.setOptimizerState(this.#restored);
    return trainer;
  }

  #discard(): void {
    const old = this.#trainer;
    this.#trainer = undefined;
    if (old === undefined) return;
    const earlier = this.#discarded;
    this.#discarded = earlier.then(async () => (await old).dispose());
    this.#discarded.catch(() => undefined);
  }

  async #withWeights<T>(weights: WeightChoice | undefined, work: () => Promise<T>): Promise<T> {
    return isEma(weights) ? this.withEmaWeights(work) : work();
  }

  #requireCompiled(what: string): Compiled {
    if (this.#compiled !== undefined) return this.#compiled;
    throw new ValueError(
      `model '${this.name}' has to be compiled before it can ${what}; call compile({ optimizer, loss }) first`,
    );
  }

  /** What samples count; undefined where nothing was said. @throws {ValueError} for weights that do not fit. */
  #weights(
    options: { sampleWeight?: ArrayLike<number>; classWeight?: ClassWeight },
    size: number,
  ): SampleWeights | undefined {
    const { sampleWeight, classWeight } = options;
    if (sampleWeight === undefined && classWeight === undefined) return undefined;
    if (classWeight !== undefined && this.outputNames.length > 1) {
      throw new ValueError(
        `classWeight is for models with one output, but '${this.name}' has ${this.outputNames.length}; use sampleWeight`,
      );
    }
    // One value tells two classes.
    const classes = Math.max(this.outputShapes[0].at(-1) ?? 1, 2);
    const unknown = Object.keys(classWeight ?? {}).find((index) => Number(index) >= classes);
    if (unknown !== undefined) {
      throw new ValueError(
        `classWeight has a weight for class ${unknown}, but '${this.name}' tells classes from 0 to ${classes - 1}`,
      );
    }
    return new SampleWeights({ sampleWeight, classWeight }, size);
  }

  #check(data: Dataset, withTargets: boolean): void {
    checkSamples('input', this.inputNames, this.inputShapes, data.inputShapes);
    if (!withTargets) return;
    const { objective } = this.#requireCompiled('use targets');
    checkSamples('target', this.outputNames, objective.targetShapes, data.targetShapes);
  }
}

function frozenLayersOf(network: Network, prefix: string): string[] {
  return network.layers.flatMap((layer) => {
    const path = `${prefix}${layer.name}`;
    const inner = isNetworkLayer(layer) ? frozenLayersOf(layer.network, `${path}/`) : [];
    return layer.trainable ? inner : [path, ...inner];
  });
}

function isEma(weights: WeightChoice = 'current'): boolean {
  if (weights === 'current' || weights === 'ema') return weights === 'ema';
  throw new ValueError(`the weights can be 'current' or 'ema', got '${weights}'`);
}
