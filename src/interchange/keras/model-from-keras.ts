import type { Layer } from '../../layers/layer.js';
import type { LambdaFunctions } from '../../layers/registry.js';
import { Model } from '../../models/model.js';
import { Sequential } from '../../models/sequential.js';
import type { LayerEntry, NetworkConfig, TensorReference } from '../../network/config.js';
import { networkFromConfig } from '../../network/config-loading.js';
import type { Network } from '../../network/network.js';
import {
  asKerasObject,
  asList,
  asObject,
  asText,
  configError,
  type Json,
  requireOneOf,
  shown,
} from './keras-json.js';
import { layerOptionsFromKeras } from './layer-options.js';
import type { LayerOrder } from './weight-paths.js';

const DEEPEST_NESTING = 16;
const MODEL_CLASSES = ['Functional', 'Model', 'Sequential'];
/** What `x + y` and its like become in a Keras graph: operations, which are no layers. */
const OPERATION_MODULE = 'keras.src.ops.numpy';
const OPERATIONS = ['Add', 'Subtract', 'Multiply'];
const LAYER_MODULES = /^keras(\.src)?\.(layers|models|engine)\b|^keras$|^tensorflow|^builtins$/;

/** A network as this library describes it, and the order of its layers in the file. */
interface Translated {
  readonly className: 'Functional' | 'Sequential';
  readonly trainable: boolean;
  readonly network: NetworkConfig;
  readonly order: LayerOrder;
}

interface TranslationOptions {
  readonly lambdas: LambdaFunctions;
  /** Sizes of the inputs, where the file leaves some open. */
  readonly inputShape?: readonly number[];
}

function isTensor(value: unknown): value is Json {
  return (
    typeof value === 'object' && value !== null && (value as Json).class_name === '__keras_tensor__'
  );
}

function referenceOf(value: unknown, where: string): TensorReference {
  const [layer, node, tensor] = asList(value, where);
  const name = asText(layer, `${where}[0]`);
  const numbers = [node, tensor].every((n) => Number.isInteger(n) && (n as number) >= 0);
  if (numbers) return [name, node as number, tensor as number];
  throw configError(where, `must be [layer, node, tensor], got ${shown(value)}`);
}

/** Tensors among the arguments of a call, in order. */
function argumentTensors(value: unknown, where: string): TensorReference[] {
  if (isTensor(value)) {
    const config = asObject(value.config, `${where}.config`);
    return [referenceOf(config.keras_history, `${where}.config.keras_history`)];
  }
  if (!Array.isArray(value)) {
    throw configError(where, `is ${shown(value)}; layers are called on tensors only`);
  }
  return value.flatMap((item, i) => argumentTensors(item, `${where}[${i}]`));
}

/** `training` and `mask` without a tensor; every step of training and inference sets the first anew. */
function checkKeywords(value: unknown, where: string): void {
  for (const [key, argument] of Object.entries(asObject(value ?? {}, where))) {
    const harmless = key === 'mask' ? [null] : key === 'training' ? [null, false, true] : [];
    if (!harmless.includes(argument as boolean | null)) {
      throw configError(`${where}.${key}`, `is ${shown(argument)}, which cannot be carried over`);
    }
  }
}

/** One call: `{ args, kwargs }`, or before Keras 3 a list of [layer, node, tensor, kwargs]. */
function callOf(value: unknown, where: string): TensorReference[] {
  if (!Array.isArray(value)) {
    const node = asObject(value, where);
    checkKeywords(node.kwargs, `${where}.kwargs`);
    return argumentTensors(asList(node.args, `${where}.args`), `${where}.args`);
  }
  return value.map((item: unknown, i) => {
    checkKeywords(asList(item, `${where}[${i}]`)[3], `${where}[${i}][3]`);
    return referenceOf(item, `${where}[${i}]`);
  });
}

function sampleShape(
  config: Json,
  where: string,
  inputShape?: readonly number[],
): readonly unknown[] | undefined {
  const shape = config.batch_shape ?? config.batch_input_shape;
  if (shape === undefined || shape === null) return undefined;
  const open = asList(shape, where).slice(1);
  const fits = inputShape?.length === open.length;
  const sizes = open.map((size, i) => (size === null && fits ? inputShape[i] : size));
  if (!sizes.includes(null)) return sizes;
  throw configError(
    where,
    `is ${shown(shape)}, but sizes other than the batch must be fixed here; choose them by inputShape (--input-shape)`,
  );
}

function inputEntry(
  name: string,
  config: Json,
  where: string,
  inputShape?: readonly number[],
): LayerEntry {
  const place = `${where}.config`;
  for (const [key, value] of Object.entries(config)) {
    if (key === 'sparse' || key === 'ragged' || key === 'optional') {
      requireOneOf(value, [false, null], `${place}.${key}`);
    } else if (key === 'dtype') requireOneOf(value, ['float32', null], `${place}.${key}`);
    else if (!['batch_shape', 'batch_input_shape', 'name', 'trainable'].includes(key)) {
      throw configError(`${place}.${key}`, 'is no option of InputLayer that can be carried over');
    }
  }
  const shape = sampleShape(config, `${place}.batch_shape`, inputShape);
  if (shape === undefined) throw configError(`${place}.batch_shape`, 'is missing');
  return { className: 'InputLayer', name, trainable: true, config: { shape }, calls: [] };
}

function checkModule(entry: Json, className: string, where: string): void {
  const { module, registered_name: registered } = entry;
  const operation = module === OPERATION_MODULE && OPERATIONS.includes(className);
  const own = typeof registered === 'string' && registered.includes('>');
  const known = typeof module !== 'string' || operation || LAYER_MODULES.test(module);
  if (known && !own) return;
  const from = own ? `registered as '${registered}'` : `of module '${String(module)}'`;
  throw configError(where, `is the class '${className}' ${from}, which is not Keras's own`);
}

/** A layer of a file with its calls, and what it adds to the order of layers. */
function layerEntry(
  value: unknown,
  where: string,
  calls: readonly TensorReference[][],
  options: TranslationOptions,
  depth: number,
): { entry: LayerEntry; order: LayerOrder[number] | undefined } {
  const object = asObject(value, where);
  const { className, config } = asKerasObject(object, where);
  const name = asText(object.name ?? config.name, `${where}.name`);
  const at = `${where} ('${name}')`;
  checkModule(object, className, at);
  const trainable = config.trainable !== false;
  if (MODEL_CLASSES.includes(className)) {
    // The inputs of a model within are of other sizes.
    const nested = translate(object, where, { lambdas: options.lambdas }, depth + 1);
    const entry = { ...nested, config: { ...nested.network }, name, trainable, calls };
    const { className: kind, order } = nested;
    return { entry, order: { name, className: kind, order } };
  }
  const order = object.module === OPERATION_MODULE ? undefined : { name, className };
  if (className === 'InputLayer')
    return { entry: inputEntry(name, config, at, options.inputShape), order };
  if (className === 'Lambda' && Object.hasOwn(options.lambdas, name)) {
    return { entry: { className, name, trainable, config: {}, calls }, order };
  }
  const own = layerOptionsFromKeras(className, config, at);
  return { entry: { className, name, trainable, config: own, calls }, order };
}

function translateSequential(
  config: Json,
  where: string,
  options: TranslationOptions,
  depth: number,
): { network: NetworkConfig; order: LayerOrder } {
  const layers = asList(config.layers, `${where}.layers`);
  const entries: LayerEntry[] = [];
  const order: LayerOrder[number][] = [];
  let last: TensorReference | undefined;
  layers.forEach((value, i) => {
    const place = `${where}.layers[${i}]`;
    const inner = asKerasObject(value, place);
    if (last === undefined && inner.className !== 'InputLayer') {
      const shape =
        sampleShape(inner.config, `${place}.config.batch_shape`, options.inputShape) ??
        sampleShape(
          { batch_shape: config.build_input_shape },
          `${where}.build_input_shape`,
          options.inputShape,
        );
      if (shape === undefined) throw configError(where, 'tells no shape of its input');
      const taken = new Set(layers.map((layer) => asKerasObject(layer, place).config.name));
      let name = 'input';
      while (taken.has(name)) name += '_';
      entries.push({
        className: 'InputLayer',
        name,
        trainable: true,
        config: { shape },
        calls: [],
      });
      last = [name, 0, 0];
    }
    const calls = last === undefined ? [] : [[last]];
    const made = layerEntry(value, place, calls, options, depth);
    entries.push(made.entry);
    if (made.order !== undefined && inner.className !== 'InputLayer') order.push(made.order);
    last = [made.entry.name, 0, 0];
  });
  if (last === undefined) throw configError(`${where}.layers`, 'is empty');
  const name = asText(config.name, `${where}.name`);
  return {
    network: { name, layers: entries, inputs: [[entries[0].name, 0, 0]], outputs: [last] },
    order,
  };
}

function translateFunctional(
  config: Json,
  where: string,
  options: TranslationOptions,
  depth: number,
): { network: NetworkConfig; order: LayerOrder } {
  const order: LayerOrder[number][] = [];
  const layers = asList(config.layers, `${where}.layers`).map((value, i) => {
    const place = `${where}.layers[${i}]`;
    const nodes = asList(asObject(value, place).inbound_nodes ?? [], `${place}.inbound_nodes`);
    const calls = nodes.map((node, j) => callOf(node, `${place}.inbound_nodes[${j}]`));
    const made = layerEntry(value, place, calls, options, depth);
    if (made.order !== undefined) order.push(made.order);
    return made.entry;
  });
  const tensors = (value: unknown, place: string): TensorReference[] => {
    const list = asList(value, place);
    if (typeof list[0] === 'string') return [referenceOf(list, place)];
    return list.map((item, i) => referenceOf(item, `${place}[${i}]`));
  };
  const name = asText(config.name, `${where}.name`);
  const inputs = tensors(config.input_layers, `${where}.input_layers`);
  const outputs = tensors(config.output_layers, `${where}.output_layers`);
  return { network: { name, layers, inputs, outputs }, order };
}

function translate(
  value: unknown,
  where: string,
  options: TranslationOptions,
  depth: number,
): Translated {
  if (depth > DEEPEST_NESTING)
    throw configError(where, `is nested more than ${DEEPEST_NESTING} deep`);
  const object = asObject(value, where);
  const { className, config } = asKerasObject(object, where);
  const at = `${where}.config`;
  if (!MODEL_CLASSES.includes(className)) {
    throw configError(
      where,
      `is the class '${className}'; Functional and Sequential models are read`,
    );
  }
  checkModule(object, className, where);
  const trainable = config.trainable !== false;
  // Before Keras 2.3 the config of a Sequential was its list of layers.
  if (className !== 'Sequential') {
    return {
      className: 'Functional',
      trainable,
      ...translateFunctional(config, at, options, depth),
    };
  }
  return { className, trainable, ...translateSequential(config, at, options, depth) };
}

/** A model made of a Keras config, and the order of layers in the file, on which weight paths depend. */
export interface ModelFromKeras {
  readonly model: Model;
  readonly order: LayerOrder;
}

/**
 * Makes a model of a config in Keras's own format, which may be untrusted: only the library's own layers
 * can be named, nothing is executed, and no weight takes memory before its first use.
 * @param inputShape sizes of one sample, for an input of which the config leaves sizes open.
 * @param where path of the config, for messages.
 * @throws {FormatError} for a class, option or value that cannot be carried over, with its path.
 */
export function modelFromKeras(
  value: unknown,
  {
    lambdas = {},
    inputShape,
    where = 'model',
  }: { lambdas?: LambdaFunctions; inputShape?: readonly number[]; where?: string } = {},
): ModelFromKeras {
  const { className, trainable, network, order } = translate(
    value,
    where,
    { lambdas, inputShape },
    0,
  );
  const built = networkFromConfig(network, {
    lambdas,
    nestedModel: makeModel,
  });
  const model = makeModel(built, { className, name: network.name, trainable: true });
  if (!trainable) model.trainable = false;
  return { model, order };
}

function makeModel(
  network: Network,
  { className, name, trainable }: { className: string; name: string; trainable: boolean },
): Model {
  const { inputs, outputs } = network;
  if (className !== 'Sequential') return new Model({ inputs, outputs, name, trainable });
  const layers = network.nodes.slice(1).map(({ layer }) => layer as Layer);
  const inputName = network.inputNames[0];
  return new Sequential({ inputShape: network.inputShapes[0], inputName, layers, name, trainable });
}
