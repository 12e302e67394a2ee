import { declareArray, type StepRecipe, type TrainingPart } from '../compiler/compile.js';
import { GRADIENTS_ENTRY, slotEntry } from '../compiler/state-layout.js';
import { UnknownNameError } from '../core/errors.js';
import type { CallContext } from '../graph/graph-layer.js';
import type { Variable } from '../graph/variable.js';
import { type BatchShare, IrGraph, type Value } from '../ops/ir.js';
import { allGatherShards, reduceScatter } from '../ops/optimizer-update.js';
import { regularization } from '../ops/regularization.js';
import { type StateLayout, TRAINABLE_ENTRY, trainedWeights } from '../plan/state-layout.js';
import { arrayNames, type Objective } from './objective.js';
import type { Optimizer } from './optimizer.js';
import type { Trainee } from './trainee.js';

/** Emits a model: reads of weights become state variables, updates of weights become state updates. */
class EmittedModel {
  readonly graph: IrGraph;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** What the calls of layers gave, by the layer's path. */
  readonly observed = new Map<string, Value>();
  readonly #trainee: Trainee;
  readonly #entries: ReadonlyMap<Variable, string>;
  /** Values as first read: those of the state. */
  readonly #initial = new Map<Variable, Value>();
  readonly #current = new Map<Variable, Value>();

  constructor(trainee: Trainee, share: BatchShare, training: boolean, statisticsMomentum?: number) {
    this.#trainee = trainee;
    this.#entries = new Map(trainee.namedVariables.map(({ entry, variable }) => [variable, entry]));
    this.graph = new IrGraph(share);
    this.inputs = trainee.inputNames.map((name, i) => {
      return this.graph.input(name, trainee.inputShapes[i]);
    });
    const context: CallContext = {
      training,
      statisticsMomentum,
      read: (variable) => this.read(variable),
      update: (variable, value) => void this.#current.set(variable, value),
      observe: (path, [output]) => this.#observe(path, output),
    };
    this.outputs = trainee.emit(this.inputs, context);
    this.graph.source = 'loss';
  }

  /** Keeps what a call gave; later calls of a shared layer get a number. */
  #observe(path: string, output: Value): void {
    let name = path;
    for (let call = 1; this.observed.has(name); call++) name = `${path}:${call}`;
    this.observed.set(name, output);
  }

  /** The value of a weight as the step finds it, or as updated so far. */
  read(variable: Variable): Value {
    const known = this.#current.get(variable);
    if (known !== undefined) return known;
    const value = this.graph.variable(this.entry(variable), variable.shape);
    this.#initial.set(variable, value);
    this.#current.set(variable, value);
    return value;
  }

  entry(variable: Variable): string {
    return this.#entries.get(variable) as string;
  }

  /** Penalties of the weights that train and have a regulariser; frozen ones add nothing, as in Keras. */
  penalties(): Value[] {
    const trained = new Set(this.#trainee.trainableWeights);
    return this.#trainee.namedVariables.flatMap(({ variable }) => {
      const { regularizer } = variable;
      if (regularizer === undefined || !trained.has(variable)) return [];
      return [regularization(this.read(variable), regularizer.l1, regularizer.l2)];
    });
  }

  /** Declares the updates that layers made, such as moving statistics. */
  storeUpdates(): void {
    for (const [variable, value] of this.#current) {
      if (this.#initial.get(variable) === value) continue;
      this.graph.updates.push({ value, entry: this.entry(variable) });
    }
  }

  /** Trained weights that the model reads, by state entry. */
  trainedWeights(): Map<string, Value> {
    const trained = new Set(this.#trainee.trainableWeights);
    const weights = new Map<string, Value>();
    for (const [variable, value] of this.#initial) {
      if (trained.has(variable)) weights.set(this.entry(variable), value);
    }
    return weights;
  }
}

/** Name of the input that says what each sample counts in the loss. */
const SAMPLE_WEIGHTS = 'weight:sample';

function emitObjective(
  model: EmittedModel,
  trainee: Trainee,
  objective: Objective,
  weighted: boolean,
): { loss: Value; targets: readonly Value[] } {
  const targets = trainee.outputNames.map((name, i) => {
    return model.graph.input(`target:${name}`, objective.targetShapes[i]);
  });
  const weights = weighted ? model.graph.input(SAMPLE_WEIGHTS, []) : undefined;
  const penalties = model.penalties();
  return { loss: objective.emit(model.graph, model.outputs, targets, penalties, weights), targets };
}

/**
 * One step of training: forward, loss, backward, exchange of gradients, update.
 * @param weighted whether a last input, `[N]`, says what each sample counts in the loss.
 */
export function trainRecipe(
  trainee: Trainee,
  objective: Objective,
  optimizer: Optimizer,
  layout: StateLayout,
  weighted: boolean,
): StepRecipe {
  return {
    name: `train ${trainee.name}`,
    trace(share) {
      const model = new EmittedModel(trainee, share, true);
      const { loss } = emitObjective(model, trainee, objective, weighted);
      model.storeUpdates();
      const training: TrainingPart = {
        loss,
        weights: model.trainedWeights(),
        update: (graph) => emitOptimizer(graph, optimizer, layout),
      };
      return { graph: model.graph, training };
    },
  };
}

/**
 * Forward, loss and backward as in training, without any change of weights, statistics or optimizer. It
 * hands back, for the named layers, `activation:<layer>` and `gradient:<layer>`: the layer's output and
 * the gradient of the loss with respect to it.
 * @throws {UnknownNameError} for a layer that the model does not have.
 */
export function probeRecipe(
  trainee: Trainee,
  objective: Objective,
  layout: StateLayout,
  layers: readonly string[],
): StepRecipe {
  return {
    name: `probe ${trainee.name}`,
    trace(share) {
      const model = new EmittedModel(trainee, share, true);
      const observed = new Map<string, Value>();
      for (const name of layers) {
        const value = model.observed.get(name);
        if (value === undefined) {
          throw new UnknownNameError('layer', name, [...model.observed.keys()]);
        }
        observed.set(name, value);
        declareArray(model.graph, value, `activation:${name}`);
      }
      const training: TrainingPart = {
        loss: emitObjective(model, trainee, objective, false).loss,
        weights: model.trainedWeights(),
        observed,
        update: (graph) => void exchangeGradients(graph, layout),
      };
      return { graph: model.graph, training };
    },
  };
}

/** Sums the gradients over replicas, each replica keeping its shard. */
function exchangeGradients(graph: IrGraph, { shards, trainable }: StateLayout): Value | undefined {
  if (trainable.size === 0) return undefined;
  const gradients = graph.variable(GRADIENTS_ENTRY, [trainable.size]);
  const g = reduceScatter(gradients, shards);
  graph.updates.push({ value: g, entry: GRADIENTS_ENTRY });
  return g;
}

function emitOptimizer(graph: IrGraph, optimizer: Optimizer, layout: StateLayout): void {
  const { shards, trainable } = layout;
  const g = exchangeGradients(graph, layout);
  if (g === undefined) return;
  const w = graph.variable(TRAINABLE_ENTRY, [trainable.size]);
  const slots = Object.fromEntries(
    layout.slots.map(({ name, size }) => [name, graph.variable(slotEntry(name), [size])]),
  );
  const weights = trainedWeights(layout);
  const modelWeights = layout.entries.flatMap(({ name, role }) => {
    return role === 'weight' && name !== TRAINABLE_ENTRY ? name : [];
  });
  const keep = (what: 'weights' | 'gradients', value: Value) => {
    graph.updates.push({ value, entry: what === 'weights' ? TRAINABLE_ENTRY : GRADIENTS_ENTRY });
  };
  const next = optimizer.emit({ w, g, slots, shards, weights, modelWeights, keep });
  graph.every = next.every ?? 1;
  const gathered = allGatherShards(next.w, shards);
  if (next.w !== w) graph.updates.push({ value: next.w, entry: TRAINABLE_ENTRY });
  graph.updates.push({ value: gathered, entry: TRAINABLE_ENTRY });
  for (const [name, value] of Object.entries(next.slots)) {
    graph.updates.push({ value, entry: slotEntry(name) });
  }
}

/** Makes the moving statistics those of the batch, in training mode, and changes nothing else. */
export function statisticsRecipe(trainee: Trainee): StepRecipe {
  return {
    name: `statistics ${trainee.name}`,
    trace(share) {
      const model = new EmittedModel(trainee, share, true, 0);
      model.storeUpdates();
      return { graph: model.graph };
    },
  };
}

/** The loss and the metrics of a batch, in inference mode; `weighted` as in training. */
export function evaluateRecipe(
  trainee: Trainee,
  objective: Objective,
  weighted: boolean,
): StepRecipe {
  return {
    name: `evaluate ${trainee.name}`,
    trace(share) {
      const model = new EmittedModel(trainee, share, false);
      const { targets } = emitObjective(model, trainee, objective, weighted);
      for (const output of objective.countedOutputs) {
        const names = arrayNames(output);
        declareArray(model.graph, model.outputs[output], names.predictions);
        declareArray(model.graph, targets[output], names.targets);
      }
      return { graph: model.graph };
    },
  };
}

/** The outputs of a batch, in inference mode. */
export function predictRecipe(trainee: Trainee): StepRecipe {
  return {
    name: `predict ${trainee.name}`,
    trace(share) {
      const model = new EmittedModel(trainee, share, false);
      model.outputs.forEach((value, i) => {
        model.graph.results.push({ value, name: `output${i}`, kind: 'batch' });
      });
      return { graph: model.graph };
    },
  };
}
