import { affine } from '../ops/affine.js';
import { add } from '../ops/binary.js';
import type { BatchShare, IrGraph, Value } from '../ops/ir.js';
import { defaultKernelChoice, type KernelChoice } from '../plan/kernel-choice.js';
import type { Plan } from '../plan/plan.js';
import type { StateLayout } from '../plan/state-layout.js';
import { differentiate } from './differentiate.js';
import { fuseBatchNormBias, fuseBatchNormRelu, fuseBatchNormResidual } from './fuse-batch-norm.js';
import { fuseGatedScale } from './fuse-gated-scale.js';
import { fuseGatedSums } from './fuse-gated-sums.js';
import { fuseGradientSums } from './fuse-gradient-sums.js';
import { fuseSoftmaxCrossentropy } from './fuse-softmax-crossentropy.js';
import { lower } from './lower.js';
import { markGated } from './mark-gated.js';
import { materializeUpdates } from './materialize-updates.js';
import { planMemory } from './plan-memory.js';
import { removeUnused } from './remove-unused.js';
import { gradientEntry } from './state-layout.js';

/** What a training step adds to its forward part. */
export interface TrainingPart {
  /** The number to make small, an array of one element. */
  loss: Value;
  /** Trained weights, as read by the forward part, by state entry. */
  weights: ReadonlyMap<string, Value>;
  /** Values of the forward part whose gradients are handed back as `gradient:<name>`, by name. */
  observed?: ReadonlyMap<string, Value>;
  /** Appends the optimizer, once the gradients are stored in the state. */
  update(graph: IrGraph): void;
}

/** How to describe a step: once for every replica. */
export interface StepRecipe {
  /** Name of the plan. */
  name: string;
  /** The forward part of one replica's step, with its results declared. */
  trace(share: BatchShare): { graph: IrGraph; training?: TrainingPart };
}

/**
 * Compiles one replica's step. This is the whole compiler, in order: trace → fuse → mark what gates leave
 * out → differentiate → optimizer → fuse sums → clean up → lower to kernels → plan memory. Executors validate
 * every plan that they prepare.
 */
export function compileReplica(
  recipe: StepRecipe,
  layout: StateLayout,
  share: BatchShare,
  choice: KernelChoice = defaultKernelChoice,
): Plan {
  const { graph, training } = recipe.trace(share);
  fuseBatchNormBias(graph, training !== undefined);
  fuseBatchNormResidual(graph);
  fuseBatchNormRelu(graph);
  const { loss, observed = new Map<string, Value>() } = training ?? {};
  const aliases = fuseSoftmaxCrossentropy(graph, new Set(observed.values()));
  fuseGatedScale(graph);
  markGated(graph, [...(loss === undefined ? [] : [loss]), ...observed.values()]);
  if (training !== undefined) appendTraining(graph, training, aliases);
  fuseGatedSums(graph);
  fuseGradientSums(graph);
  materializeUpdates(graph);
  removeUnused(graph);
  return planMemory(lower(graph, choice), layout, recipe.name);
}

/** Compiles a step for every replica of a batch that is split into these shares. */
export function compileStep(
  recipe: StepRecipe,
  layout: StateLayout,
  shares: readonly number[],
  choice: KernelChoice,
): Plan[] {
  return shares.map((_, replica) => compileReplica(recipe, layout, { replica, shares }, choice));
}

/** Hands a value back; a value that is handed back already, or that nothing computes, as a copy. */
export function declareArray(graph: IrGraph, value: Value, name: string): void {
  const taken = [...graph.results, ...graph.inputs].some((other) => other.value === value);
  graph.results.push({ value: taken ? affine(value, 1) : value, name, kind: 'batch' });
}

/** @param aliases other names under which the loss reads observed values. */
function appendTraining(
  graph: IrGraph,
  training: TrainingPart,
  aliases: ReadonlyMap<Value, Value>,
): void {
  const { weights, observed = new Map<string, Value>() } = training;
  const wanted = new Set([...weights.values(), ...observed.values(), ...aliases.values()]);
  const gradients = differentiate(graph, training.loss, [...wanted]);
  for (const [entry, weight] of weights) {
    const gradient = gradients.get(weight);
    // Without a gradient the state keeps the zeros it was set up with.
    if (gradient !== undefined)
      graph.updates.push({ value: gradient, entry: gradientEntry(entry) });
  }
  for (const [name, value] of observed) {
    const alias = aliases.get(value);
    const parts = [value, ...(alias === undefined ? [] : [alias])].flatMap(
      (part) => gradients.get(part) ?? [],
    );
    const gradient = parts.length > 1 ? add(parts[0], parts[1]) : parts[0];
    if (gradient !== undefined) declareArray(graph, gradient, `gradient:${name}`);
  }
  graph.source = 'optimizer';
  graph.phase = 'update';
  training.update(graph);
}
