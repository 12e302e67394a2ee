import { ShapeError, UnknownNameError, ValueError } from '../core/errors.js';
import type { SampleArray } from '../data/array-dataset.js';
import type { CallNode, SymbolicTensor } from '../graph/symbolic-tensor.js';
import { activation } from '../layers/activation.js';
import { input } from '../layers/input-layer.js';
import type { Layer } from '../layers/layer.js';
import { layerFromConfig } from '../layers/registry.js';
import { Model } from '../models/model.js';
import type { ExecutorOptions } from '../models/platform.js';
import { multiply } from '../ops/binary.js';
import type { Value } from '../ops/ir.js';
import { sum } from '../ops/reduce.js';
import type { Executor } from '../runtime/executor.js';

/** What runs the parts of the model. */
export interface ScoreGradientOptions extends ExecutorOptions {
  /** A ready executor for each part, for example the float64 reference. */
  makeExecutor?: () => Executor;
}

/** A layer's output and the gradient of a class's score with respect to it. */
export interface ScoreGradient {
  /** Shape of both arrays, `[N, ...]`. */
  readonly shape: readonly number[];
  /** The layer's output. */
  readonly activation: Float32Array;
  /** ∂ score of the sample's class / ∂ activation, in inference mode. */
  readonly gradient: Float32Array;
}

/** The tensors that the calls after a tensor need besides it. */
function tensorsBeside(model: Model, from: SymbolicTensor): SymbolicTensor[] {
  const after = new Set<SymbolicTensor>([from]);
  const beside = new Set<SymbolicTensor>();
  for (const node of model.network.nodes) {
    if (node === from.node || !node.inputs.some((tensor) => after.has(tensor))) continue;
    for (const tensor of node.outputs) after.add(tensor);
    for (const tensor of node.inputs) if (!after.has(tensor)) beside.add(tensor);
  }
  return [...beside];
}

/** Whether the output depends on nothing of the input but through this tensor. */
export function carriesEverything(model: Model, tensor: SymbolicTensor): boolean {
  return tensorsBeside(model, tensor).length === 0;
}

/**
 * The layer without a softmax at its end, so that it gives scores; undefined where there is none to take
 * away, null where nothing remains.
 */
function withoutSoftmax(layer: Layer): Layer | null | undefined {
  const config = layer.getConfig();
  if (layer.className === 'Softmax') return null;
  if (config.activation !== 'softmax') return undefined;
  if (layer.className === 'Activation') return null;
  return layerFromConfig(
    layer.className,
    { ...config, activation: 'linear' },
    { name: `${layer.name}_scores` },
  );
}

interface Head {
  model: Model;
  /** Name of the layer that passes the feature maps on. */
  marker: string;
  /** Layers that were made anew, and those whose weights they take. */
  copies: readonly (readonly [copy: Layer, original: Layer])[];
}

/** The part of a model after some tensors, as a model of its own that gives scores. */
function headOf(model: Model, from: readonly SymbolicTensor[]): Head {
  const { network } = model;
  const marker = activation('linear', { name: 'score_gradient_marker' });
  const made = new Map<SymbolicTensor, SymbolicTensor>();
  const inputs = from.map((tensor, i) =>
    input({ shape: tensor.sampleShape, name: `score_gradient_input_${i}` }),
  );
  from.forEach((tensor, i) => {
    made.set(tensor, i === 0 ? marker(inputs[i]) : inputs[i]);
  });
  const copies: [Layer, Layer][] = [];
  const outputNode = network.outputs[0].node;
  const given = new Set(from.map(({ node }) => node));
  for (const node of network.nodes) {
    if (given.has(node) || !node.inputs.some((tensor) => made.has(tensor))) continue;
    const sources = node.inputs.map((tensor) => made.get(tensor) as SymbolicTensor);
    const layer = network.getLayer(node.layer.name);
    setOutputs(made, node, connect(layer, sources, node === outputNode, copies));
  }
  const outputs = made.get(network.outputs[0]) as SymbolicTensor;
  return { model: new Model({ inputs, outputs }), marker: marker.name, copies };
}

function connect(
  layer: Layer,
  sources: readonly SymbolicTensor[],
  isLast: boolean,
  copies: [Layer, Layer][],
): readonly SymbolicTensor[] {
  // In inference a dropout passes everything on; a probe would let it drop.
  if (layer.className === 'Dropout') return sources;
  const bare = isLast ? withoutSoftmax(layer) : undefined;
  if (bare === undefined) return layer.connect(sources);
  if (bare === null) return sources;
  copies.push([bare, layer]);
  return bare.connect(sources);
}

function setOutputs(
  made: Map<SymbolicTensor, SymbolicTensor>,
  node: CallNode,
  outputs: readonly SymbolicTensor[],
): void {
  node.outputs.forEach((tensor, i) => {
    made.set(tensor, outputs[i]);
  });
}

/** The score of the wanted class of each sample, `[N]`, from scores and one-hot rows `[N, classes]`. */
function wantedScore(scores: Value, wanted: Value): Value {
  return sum(multiply(scores, wanted), [1]);
}

function oneHot(classes: readonly number[], width: number): SampleArray {
  const data = new Float32Array(classes.length * width);
  classes.forEach((c, i) => {
    data[i * width + c] = 1;
  });
  return { data, shape: [classes.length, width] };
}

/**
 * The output of a layer, and the gradient of the score of a class (before the softmax) with respect to it,
 * in inference mode: normalisations use their moving statistics and nothing is dropped.
 * @param x samples of the only input. @param classes the class of each sample whose score it is.
 * @param layer name of a layer between input and output.
 * @throws {UnknownNameError} for a layer that there is not. @throws {ShapeError} for a model with several
 * inputs or outputs. @throws {ValueError} for a class out of range.
 */
export async function scoreGradient(
  model: Model,
  x: SampleArray,
  classes: readonly number[],
  layer: string,
  options: ScoreGradientOptions = {},
): Promise<ScoreGradient> {
  const { network } = model;
  const [shape] = model.outputShapes;
  if (network.inputs.length !== 1 || model.outputShapes.length !== 1 || shape.length !== 1) {
    throw new ShapeError(
      `model '${model.name}' is no classifier: one input and one output of shape [classes] are needed`,
    );
  }
  if (
    classes.length !== x.shape[0] ||
    classes.some((c) => !(Number.isInteger(c) && c >= 0 && c < shape[0]))
  ) {
    throw new ValueError(
      `each sample needs a class from 0 to ${shape[0] - 1}, got [${classes.join(', ')}]`,
    );
  }
  const tensor = network.nodes.find((node) => node.layer.name === layer)?.outputs[0];
  if (tensor === undefined || tensor === network.outputs[0]) {
    throw new UnknownNameError(
      'inner layer',
      layer,
      network.layers.slice(0, -1).map(({ name }) => name),
    );
  }
  const { makeExecutor, ...executor } = options;
  const on = () => (makeExecutor === undefined ? executor : { on: makeExecutor() });
  const from = [tensor, ...tensorsBeside(model, tensor)];
  const trunk = new Model({ inputs: network.inputs, outputs: from });
  const parts: SampleArray[] = [];
  try {
    trunk.compile({ loss: 'mse', ...on() });
    for (const { data, shape: own } of await trunk.predictAll(x, { batchSize: classes.length })) {
      parts.push({ data, shape: own });
    }
  } finally {
    await trunk.dispose();
  }
  const head = headOf(model, from);
  for (const [copy, original] of head.copies) await copy.setWeights(await original.getWeights());
  const frozen = head.model.layers.map((one) => [one, one.trainable] as const);
  try {
    // Frozen normalisations use their moving statistics, also while gradients are computed.
    head.model.trainable = false;
    head.model.compile({ optimizer: 'sgd', loss: wantedScore, ...on() });
    const probe = await head.model.probe(parts, oneHot(classes, shape[0]), {
      layers: [head.marker],
    });
    const found = probe.layers.get(head.marker);
    const count = classes.length;
    return {
      shape: parts[0].shape,
      activation: parts[0].data as Float32Array,
      // The loss is the mean over the batch.
      gradient: Float32Array.from(found?.gradient ?? [], (value) => value * count),
    };
  } finally {
    for (const [one, trainable] of frozen) one.trainable = trainable;
    await head.model.dispose();
  }
}
