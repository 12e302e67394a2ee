import { FormatError, ResiduumError, UnknownNameError } from '../core/errors.js';
import type { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { InputLayer } from '../layers/input-layer.js';
import type { Layer } from '../layers/layer.js';
import { type LambdaFunctions, layerFromConfig } from '../layers/registry.js';
import type { LayerEntry, TensorReference } from './config.js';
import { validateNetworkConfig } from './config-validation.js';
import { Network } from './network.js';

const NESTED_CLASSES: readonly string[] = ['Functional', 'Sequential'];
const DEEPEST_NESTING = 16;

/** Makes the layer that holds a nested network. */
export type NestedModelBuilder = (
  network: Network,
  entry: { readonly className: string; readonly name: string; readonly trainable: boolean },
) => Layer;

/** What a config cannot hold itself. */
export interface NetworkLoadingOptions {
  /** Functions of the lambda layers, by layer name. */
  lambdas?: LambdaFunctions;
  /** Makes models of nested networks; without it, nested models are refused. */
  nestedModel?: NestedModelBuilder;
}

/** A call that waits for its inputs. */
interface PendingCall {
  readonly entry: LayerEntry;
  readonly call: number;
  /** Calls that it still waits for: those that make its inputs, and the layer's previous one. */
  waiting: number;
}

const keyOf = (layer: string, call: number) => `${call} ${layer}`;

/** Connects the layers of a config, each call after the calls that it needs. */
class Connector {
  readonly #layers = new Map<string, Layer>();
  readonly #outputs = new Map<string, readonly SymbolicTensor[]>();

  constructor(entries: readonly LayerEntry[], layers: readonly Layer[]) {
    entries.forEach((entry, i) => {
      const layer = layers[i];
      this.#layers.set(entry.name, layer);
      if (layer instanceof InputLayer) this.#outputs.set(keyOf(entry.name, 0), [layer.output]);
    });
    this.#connectAll(entries);
  }

  tensor([layer, call, index]: TensorReference): SymbolicTensor {
    const outputs = this.#outputs.get(keyOf(layer, call)) ?? [];
    if (index < outputs.length) return outputs[index];
    throw new FormatError(
      `model config: there is no tensor [${layer}, ${call}, ${index}], the output ${index} of call ${call} of layer '${layer}'`,
    );
  }

  #connectAll(entries: readonly LayerEntry[]): void {
    const dependents = new Map<string, PendingCall[]>();
    const ready: PendingCall[] = [];
    let missing = 0;
    const wait = (pending: PendingCall, key: string): void => {
      if (this.#outputs.has(key)) return;
      const list = dependents.get(key) ?? [];
      list.push(pending);
      dependents.set(key, list);
      pending.waiting++;
    };
    for (const entry of entries) {
      entry.calls.forEach((inputs, call) => {
        const pending = { entry, call, waiting: 0 };
        for (const [layer, number] of inputs) wait(pending, keyOf(layer, number));
        if (call > 0) wait(pending, keyOf(entry.name, call - 1));
        if (pending.waiting === 0) ready.push(pending);
        missing++;
      });
    }
    for (let pending = ready.pop(); pending !== undefined; pending = ready.pop()) {
      const { entry, call } = pending;
      const inputs = entry.calls[call].map((reference) => this.tensor(reference));
      const layer = this.#layers.get(entry.name) as Layer;
      const key = keyOf(entry.name, call);
      this.#outputs.set(key, layer.connect(inputs));
      missing--;
      for (const dependent of dependents.get(key) ?? []) {
        dependent.waiting--;
        if (dependent.waiting === 0) ready.push(dependent);
      }
    }
    if (missing > 0) this.#failOnMissing(entries);
  }

  #failOnMissing(entries: readonly LayerEntry[]): never {
    const made = ({ name }: LayerEntry, call: number) => this.#outputs.has(keyOf(name, call));
    const stuck = entries.find((entry) => entry.calls.some((_, call) => !made(entry, call)));
    throw new FormatError(
      `model config: layer '${stuck?.name}' cannot be connected, because its inputs do not exist or depend on it`,
    );
  }
}

function makeLayer(entry: LayerEntry, options: NetworkLoadingOptions, depth: number): Layer {
  const { className, name, trainable, config } = entry;
  if (!NESTED_CLASSES.includes(className)) {
    return layerFromConfig(className, config, { name, trainable }, options.lambdas);
  }
  if (options.nestedModel === undefined) {
    throw new FormatError(`model config: layer '${name}' is a model, and none can be nested here`);
  }
  if (depth >= DEEPEST_NESTING) {
    throw new FormatError(`model config: models are nested more than ${DEEPEST_NESTING} deep`);
  }
  return options.nestedModel(build(config, options, depth + 1), { className, name, trainable });
}

function namedLayer(entry: LayerEntry, options: NetworkLoadingOptions, depth: number): Layer {
  try {
    return makeLayer(entry, options, depth);
  } catch (error) {
    if (error instanceof UnknownNameError) {
      throw new FormatError(`model config: layer '${entry.name}': ${error.message}`);
    }
    throw error;
  }
}

function build(value: unknown, options: NetworkLoadingOptions, depth: number): Network {
  const config = validateNetworkConfig(value);
  const layers = config.layers.map((entry) => namedLayer(entry, options, depth));
  const connector = new Connector(config.layers, layers);
  const tensors = (references: readonly TensorReference[]) =>
    references.map((reference) => connector.tensor(reference));
  const { name, inputs, outputs } = config;
  return new Network({ name, inputs: tensors(inputs), outputs: tensors(outputs) });
}

/**
 * Makes a network from its description, which may come from an untrusted file: only the library's own
 * layers can be named, and nothing is executed.
 * @throws {FormatError} when the description is malformed, names a layer or option that does not exist,
 * has options out of range, shapes that do not fit, or layers connected in a circle.
 */
export function networkFromConfig(value: unknown, options: NetworkLoadingOptions = {}): Network {
  try {
    return build(value, options, 0);
  } catch (error) {
    if (error instanceof FormatError || !(error instanceof ResiduumError)) throw error;
    throw new FormatError(`model config: ${error.message}`);
  }
}
