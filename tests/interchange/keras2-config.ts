type Json = Record<string, unknown>;

/** Options that came with Keras 3. */
const NEW_OPTIONS = ['optional', 'quantization_config'];

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { module: _, registered_name: _2, build_config: _3, ...rest } = value as Json;
  if (rest.class_name === 'DTypePolicy') return 'float32';
  if (rest.class_name === 'InputLayer') return inputLayer(rest);
  const entries = Object.entries(rest)
    .filter(([key]) => !NEW_OPTIONS.includes(key))
    .map(([key, one]) => {
      if (key === 'inbound_nodes') return [key, (one as Json[]).map(call)] as const;
      if (key === 'input_layers' || key === 'output_layers') return [key, references(one)] as const;
      return [key, plain(one)] as const;
    });
  const object: Json = Object.fromEntries(entries);
  const config = object.config as Json | undefined;
  if (object.class_name === 'BatchNormalization' && config) config.axis = [config.axis];
  return object;
}

function inputLayer(layer: Json): Json {
  const { batch_shape: shape, optional: _, ...config } = layer.config as Json;
  return { ...layer, config: { ...config, batch_input_shape: shape } };
}

function references(value: unknown): unknown {
  const list = value as unknown[];
  return typeof list[0] === 'string' ? [list] : list;
}

/** `[[layer, node, tensor, keyword arguments], …]` for a call. */
function call({ args }: Json): unknown {
  const [argument] = args as unknown[];
  const tensors = Array.isArray(argument) ? argument : [argument];
  return tensors.map((tensor: Json) => [...((tensor.config as Json).keras_history as []), {}]);
}

/**
 * The JSON of a model as Keras 2 wrote it: calls as lists, shapes as `batch_input_shape`, no modules, the
 * axis of a normalisation in a list.
 * @param json the config in the form of Keras 3.
 */
export function keras2Config(json: string): string {
  return JSON.stringify({
    ...(plain(JSON.parse(json)) as Json),
    keras_version: '2.15.0',
    backend: 'tensorflow',
  });
}
