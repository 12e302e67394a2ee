import { ValueError } from '../../core/errors.js';
import {
  asKerasObject,
  asObject,
  configError,
  type Json,
  kerasObject,
  requireOneOf,
  shown,
  toCamelCase,
  toSnakeCase,
} from './keras-json.js';

/** How the options of a class are called in Keras. */
interface LayerRow {
  /** Keras's names of the options that both have. */
  readonly options: readonly string[];
  /** Options that only Keras has, with the values that change nothing; the first one is written. */
  readonly fixed?: Readonly<Record<string, readonly unknown[]>>;
  /** Options that only Keras has and that change no result, with what is written. */
  readonly free?: Json;
}

const DATA_FORMAT = { data_format: ['channels_last', null] };
const words = (text: string): string[] => text.split(' ');

const rows: Readonly<Record<string, LayerRow>> = {
  Activation: { options: ['activation'] },
  Add: { options: [] },
  AveragePooling2D: { options: words('pool_size padding strides'), fixed: DATA_FORMAT },
  BatchNormalization: {
    options: words(
      'axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer moving_variance_initializer beta_regularizer gamma_regularizer',
    ),
    fixed: {
      beta_constraint: [null],
      gamma_constraint: [null],
      synchronized: [false],
      renorm: [false],
      renorm_clipping: [null],
    },
    free: { renorm_momentum: 0.99 },
  },
  Concatenate: { options: ['axis'] },
  Conv2D: {
    options: words(
      'filters kernel_size strides padding dilation_rate groups activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer',
    ),
    fixed: {
      ...DATA_FORMAT,
      activity_regularizer: [null],
      kernel_constraint: [null],
      bias_constraint: [null],
    },
  },
  Dense: {
    options: words(
      'units activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer',
    ),
    fixed: {
      activity_regularizer: [null],
      kernel_constraint: [null],
      bias_constraint: [null],
      quantization_config: [null],
    },
  },
  Dropout: { options: ['rate'], fixed: { noise_shape: [null] }, free: { seed: null } },
  Flatten: { options: [], fixed: DATA_FORMAT },
  GlobalAveragePooling2D: { options: ['keepdims'], fixed: DATA_FORMAT },
  GlobalMaxPooling2D: { options: ['keepdims'], fixed: DATA_FORMAT },
  MaxPooling2D: { options: words('pool_size padding strides'), fixed: DATA_FORMAT },
  Multiply: { options: [] },
  ReLU: {
    options: [],
    fixed: { max_value: [null], negative_slope: [0], threshold: [0] },
  },
  Reshape: { options: ['target_shape'] },
  Softmax: { options: [], fixed: { axis: [-1] } },
  Subtract: { options: [] },
  ZeroPadding2D: { options: ['padding', 'data_format'] },
};

/** Layer classes that Keras and this library share, but for inputs and models. */
export const sharedLayerClasses: readonly string[] = Object.keys(rows);

/** Options that every layer of a file may have; what they say is read apart from the class's own. */
const COMMON = ['name', 'trainable', 'dtype', 'batch_input_shape', 'batch_shape'];

function initializerToKeras(value: unknown): Json {
  const { className, config } = value as { className: string; config: Json };
  const random = 'seed' in config ? { input_axes: null, output_axes: null } : {};
  return kerasObject('keras.initializers', className, { ...config, ...random });
}

function initializerFromKeras(value: unknown, where: string): unknown {
  if (typeof value === 'string') return toCamelCase(value);
  const { className, config } = asKerasObject(value, where);
  const known: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(config)) {
    if (key === 'input_axes' || key === 'output_axes')
      requireOneOf(option, [null], `${where}.${key}`);
    else if (key === 'dtype') requireOneOf(option, ['float32', null], `${where}.${key}`);
    else if (key === 'seed' || key === 'value') known[key] = option;
    else if (className !== 'VarianceScaling') throw unknownOption(key, className, where, ['seed']);
  }
  if (className !== 'VarianceScaling') return { className, config: known };
  // Before Keras 3 the named initializers were written as this one.
  const same = [1, 2].flatMap((scale) => {
    return ['uniform', 'truncated_normal'].map((distribution) => {
      const mode = scale === 1 ? 'fan_avg' : 'fan_in';
      const name = `${scale === 1 ? 'Glorot' : 'He'}${distribution === 'uniform' ? 'Uniform' : 'Normal'}`;
      return { name, scale, mode, distribution };
    });
  });
  const found = same.find(({ scale, mode, distribution }) => {
    const named = config.distribution === 'normal' ? 'truncated_normal' : config.distribution;
    return scale === config.scale && mode === config.mode && distribution === named;
  });
  if (found !== undefined) return { className: found.name, config: known };
  throw configError(
    where,
    `is ${shown(config)}, and only glorot and he scalings can be carried over`,
  );
}

function regularizerToKeras(value: unknown): Json | null {
  if (value === null) return null;
  const { l1, l2 } = value as { l1: number; l2: number };
  if (l1 === 0) return kerasObject('keras.regularizers', 'L2', { l2 });
  if (l2 === 0) return kerasObject('keras.regularizers', 'L1', { l1 });
  return kerasObject('keras.regularizers', 'L1L2', { l1, l2 });
}

function regularizerFromKeras(value: unknown, where: string): unknown {
  if (value === null) return null;
  if (value === 'l1' || value === 'l2') return { [value]: 0.01 };
  const { className, config } = asKerasObject(value, where);
  const allowed = { L1: ['l1'], L2: ['l2'], L1L2: ['l1', 'l2'] }[className];
  if (allowed === undefined) {
    throw configError(where, `is of the unknown class '${className}'; L1, L2 and L1L2 are known`);
  }
  for (const key of Object.keys(config)) {
    if (!allowed.includes(key)) throw unknownOption(key, className, where, allowed);
  }
  return config;
}

function unknownOption(key: string, className: string, where: string, known: readonly string[]) {
  return configError(
    `${where}.${key}`,
    `is no option of ${className} that can be carried over; known are ${known.join(', ')}`,
  );
}

/** A type that a config may name: float32, as a text or a policy. */
function requireFloat32(value: unknown, where: string): void {
  const policy =
    typeof value === 'object' && value !== null
      ? asObject(asObject(value, where).config, where).name
      : value;
  requireOneOf(policy ?? null, ['float32', null], where);
}

/**
 * Keras's options of a layer, from those of ours.
 * @throws {ValueError} for a class that Keras does not have.
 */
export function layerOptionsToKeras(className: string, config: Json, layer: string): Json {
  const row = Object.hasOwn(rows, className) ? rows[className] : undefined;
  if (row === undefined) {
    throw new ValueError(
      `layer '${layer}' is a ${className}, which cannot be written in Keras's format; known are ${sharedLayerClasses.join(', ')}`,
    );
  }
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const name = toSnakeCase(key);
    if (!row.options.includes(name)) {
      throw new ValueError(`layer '${layer}': Keras's ${className} has no option ${name}`);
    }
    if (name.endsWith('_initializer')) options[name] = initializerToKeras(value);
    else if (name.endsWith('_regularizer')) options[name] = regularizerToKeras(value);
    else if (name === 'data_format') options[name] = toSnakeCase(value as string);
    else options[name] = value;
  }
  for (const [key, [value]] of Object.entries(row.fixed ?? {})) options[key] = value;
  return { ...options, ...row.free };
}

/**
 * Our options of a layer, from Keras's, which may be untrusted.
 * @param where path of the config, for messages.
 * @throws {FormatError} for a class, option or value that cannot be carried over, with its path.
 */
export function layerOptionsFromKeras(className: string, config: Json, where: string): Json {
  const row = Object.hasOwn(rows, className) ? rows[className] : undefined;
  if (row === undefined) {
    const hint =
      className === 'Lambda'
        ? 'is a Lambda, whose code is never run from a file; hand its function in by name, as in { lambdas }'
        : `is of the unknown class '${className}'; known are ${sharedLayerClasses.join(', ')}`;
    throw configError(where, hint);
  }
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const place = `${where}.config.${key}`;
    const fixed = row.fixed?.[key];
    if (key === 'dtype') requireFloat32(value, place);
    else if (COMMON.includes(key) || (row.free && key in row.free)) continue;
    else if (fixed !== undefined) requireOneOf(value, fixed, place);
    else if (!row.options.includes(key)) {
      throw unknownOption(key, className, `${where}.config`, row.options);
    } else if (key.endsWith('_initializer')) {
      options[toCamelCase(key)] = initializerFromKeras(value, place);
    } else if (key.endsWith('_regularizer')) {
      options[toCamelCase(key)] = regularizerFromKeras(value, place);
    } else if (key === 'data_format') {
      requireOneOf(value, ['channels_last', 'channels_first', null], place);
      options.dataFormat = toCamelCase(typeof value === 'string' ? value : 'channels_last');
    } else options[toCamelCase(key)] = value;
  }
  // Keras 2 wrote the axis of a normalisation as a list.
  if (Array.isArray(options.axis) && options.axis.length === 1) options.axis = options.axis[0];
  return options;
}
