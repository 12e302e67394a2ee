import { FormatError, ResiduumError, UnknownNameError } from '../core/errors.js';
import { formatShape, sameShape } from '../core/shape.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsContent,
  type TensorInput,
} from '../formats/safetensors.js';
import type { LambdaFunction } from '../layers/lambda.js';
import { networkToConfig } from '../network/config.js';
import { networkFromConfig } from '../network/config-loading.js';
import { type LossName, resolveLoss } from '../training/losses.js';
import type { DatasetMetric, Metric } from '../training/metric.js';
import { type MetricName, resolveMetric } from '../training/metrics.js';
import { type OptimizerName, resolveOptimizer } from '../training/optimizers.js';
import type { OptimizerState } from '../training/trainer.js';
import { Model } from './model.js';
import type { CompileOptions } from './model-options.js';
import type { ExecutorOptions } from './platform.js';

const FORMAT = 'residuum';
const VERSION = '1';

/** Options of `decodeModel`. */
export interface DecodeModelOptions extends ExecutorOptions {
  /** Name of the file, for messages. */
  source?: string;
  /** Functions of lambda layers, by layer name: files never hold code. */
  lambdas?: Readonly<Record<string, LambdaFunction>>;
}

/**
 * A model as one file: safetensors, with `weight/<name>` for every weight and `optimizer/<slot>/<name>`
 * for the optimizer's arrays. The header's metadata holds `format`, `version`, `model` (graph and layer
 * options, JSON) and, for a compiled model, `compile` (losses, metrics, optimizer, JSON) and `iterations`.
 * @param extra further entries of the metadata, such as where a training run stands.
 * @param extraTensors further arrays, under names of their own.
 * @returns the bytes in chunks; the arrays are the model's own, which it replaces and never changes.
 */
export async function encodeModel(
  model: Model,
  extra: Readonly<Record<string, string>> = {},
  extraTensors: ReadonlyMap<string, TensorInput> = new Map(),
): Promise<Uint8Array[]> {
  const tensors = new Map<string, TensorInput>(extraTensors);
  for (const { entry, variable } of model.namedVariables) {
    tensors.set(`weight/${entry}`, { shape: [...variable.shape], data: await variable.read() });
  }
  const metadata: Record<string, string> = {
    ...extra,
    format: FORMAT,
    version: VERSION,
    model: JSON.stringify(networkToConfig(model.network)),
  };
  const compile = model.compileConfig();
  if (compile !== undefined) {
    const { iterations, slots } = await model.optimizerState();
    metadata.compile = JSON.stringify(compile);
    metadata.iterations = String(iterations);
    const shapes = new Map(model.namedVariables.map((v) => [v.entry, v.variable.shape]));
    for (const [slot, values] of slots) {
      for (const [entry, data] of values) {
        tensors.set(`optimizer/${slot}/${entry}`, { shape: [...(shapes.get(entry) ?? [])], data });
      }
    }
  }
  return encodeSafetensors(tensors, metadata);
}

/**
 * Makes a model from the bytes of a file, which may be untrusted: sizes are checked before memory is
 * taken, only the library's own layers can be named, and nothing is executed. A model that was compiled
 * when it was saved is compiled again and continues where it stood; one with a loss or a metric of the
 * user's own comes back without, and has to be compiled by hand.
 * @throws {FormatError} when the file is not a model, or its parts do not fit each other.
 */
export async function decodeModel(
  bytes: Uint8Array,
  options: DecodeModelOptions = {},
): Promise<Model> {
  const { source = 'the model file', lambdas, ...executor } = options;
  const content = decodeSafetensors(bytes, { source });
  const { metadata } = content;
  if (metadata.format !== FORMAT || metadata.version !== VERSION || !('model' in metadata)) {
    throw new FormatError(
      `${source} holds tensors, but is no residuum model of version ${VERSION} (its metadata lacks format, version or model)`,
    );
  }
  const network = networkFromConfig(parseJson(metadata.model, `${source}: model`), {
    lambdas,
    nestedModel: ({ inputs, outputs }, { name, trainable }) =>
      new Model({ inputs, outputs, name, trainable }),
  });
  const model = new Model({ inputs: network.inputs, outputs: network.outputs, name: network.name });
  for (const { entry, variable } of model.namedVariables) {
    variable.write(takeTensor(content, `weight/${entry}`, variable.shape, source));
  }
  if ('compile' in metadata) {
    const config = parseJson(metadata.compile, `${source}: compile`);
    if (compileFromConfig(model, config, executor, source)) {
      await model.setOptimizerState(readOptimizerState(model, content, source));
    }
  }
  return model;
}

function takeTensor(
  { tensors }: SafetensorsContent,
  name: string,
  shape: readonly number[],
  source: string,
): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new FormatError(`${source} lacks the tensor '${name}'`);
  if (!(tensor.data instanceof Float32Array) || !sameShape(tensor.shape, shape)) {
    throw new FormatError(
      `${source}: tensor '${name}' is ${tensor.dtype} ${formatShape(tensor.shape)}, expected F32 ${formatShape(shape)}`,
    );
  }
  return tensor.data;
}

function readOptimizerState(
  model: Model,
  content: SafetensorsContent,
  source: string,
): OptimizerState {
  const iterations = Number(content.metadata.iterations);
  if (!Number.isSafeInteger(iterations) || iterations < 0) {
    throw new FormatError(
      `${source}: iterations is '${content.metadata.iterations}', expected an integer ≥ 0`,
    );
  }
  const slots = new Map<string, Map<string, Float32Array>>();
  for (const slot of model.optimizer.slots) {
    const values = new Map<string, Float32Array>();
    for (const { entry, variable } of model.namedVariables) {
      const name = `optimizer/${slot}/${entry}`;
      if (!content.tensors.has(name)) continue;
      values.set(entry, takeTensor(content, name, variable.shape, source));
    }
    slots.set(slot, values);
  }
  return { iterations, slots };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${what} in the metadata is not JSON`);
  }
}

type Json = Readonly<Record<string, unknown>>;

function asRecord(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new FormatError(`${what} is not an object`);
}

function asNamed(value: unknown, what: string): { name: string; config: Record<string, unknown> } {
  const { name, config } = asRecord(value, what);
  if (typeof name !== 'string') throw new FormatError(`${what} has no name`);
  return { name, config: { ...asRecord(config, `the config of ${what}`) } };
}

/**
 * Compiles a model as its file says.
 * @returns whether it could: losses, metrics and optimizers of the user's own are not in the library.
 */
function compileFromConfig(
  model: Model,
  value: unknown,
  executor: ExecutorOptions,
  source: string,
): boolean {
  const what = `${source}: compile`;
  try {
    model.compile({ ...executor, ...compileOptions(model, value, what) });
    return true;
  } catch (error) {
    if (error instanceof UnknownNameError) return false;
    if (error instanceof FormatError || !(error instanceof ResiduumError)) throw error;
    throw new FormatError(`${what}: ${error.message}`);
  }
}

function compileOptions(model: Model, value: unknown, what: string): CompileOptions {
  const config = asRecord(value, what);
  const outputs = Array.isArray(config.outputs) ? config.outputs : [];
  if (outputs.length !== model.outputNames.length) {
    throw new FormatError(
      `${what} describes ${outputs.length} outputs, but the model has ${model.outputNames.length}`,
    );
  }
  const optimizer = asNamed(config.optimizer, `${what}.optimizer`);
  const parsed = outputs.map((output: unknown, i) => {
    const { loss, weight, metrics } = asRecord(output, `${what}.outputs[${i}]`);
    if (typeof weight !== 'number') throw new FormatError(`${what}.outputs[${i}] has no weight`);
    const named = asNamed(loss, `${what}.outputs[${i}].loss`);
    const list: unknown[] = Array.isArray(metrics) ? metrics : [];
    return {
      loss: resolveLoss(named.name as LossName, named.config),
      weight,
      metrics: list.map((metric, j) => {
        const { name, config } = asNamed(metric, `${what}.outputs[${i}].metrics[${j}]`);
        return resolveMetric(metricKind(name, config), config);
      }),
    };
  });
  const metrics: Record<string, (Metric | DatasetMetric)[]> = Object.create(null) as Record<
    string,
    (Metric | DatasetMetric)[]
  >;
  parsed.forEach((output, i) => {
    metrics[model.outputNames[i]] = output.metrics;
  });
  return {
    optimizer: resolveOptimizer(optimizer.name as OptimizerName, optimizer.config),
    loss: parsed.map(({ loss }) => loss),
    lossWeights: parsed.map(({ weight }) => weight),
    metrics,
  };
}

/** A top-k metric may carry a name of its own; its `k` tells what it is. */
function metricKind(name: string, config: Record<string, unknown>): MetricName {
  return 'k' in config ? 'topKAccuracy' : (name as MetricName);
}
