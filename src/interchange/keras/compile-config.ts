import { ValueError } from '../../core/errors.js';
import type { Model } from '../../models/model.js';
import type { CompileOptions } from '../../models/model-options.js';
import type { Loss } from '../../training/loss.js';
import { type LossName, resolveLoss } from '../../training/losses.js';
import type { DatasetMetric, Metric } from '../../training/metric.js';
import { type MetricName, resolveMetric } from '../../training/metrics.js';
import { type OptimizerName, resolveOptimizer } from '../../training/optimizers.js';
import {
  asKerasObject,
  asList,
  asObject,
  asText,
  configError,
  type Json,
  kerasObject,
  requireOneOf,
  shown,
  toCamelCase,
  toSnakeCase,
} from './keras-json.js';
import { learningRateFromKeras, learningRateToKeras } from './schedule-config.js';

interface Row {
  /** Our name. */
  readonly name: string;
  /** Keras's names of the options that both have. */
  readonly options: readonly string[];
  /** Options that only Keras has, with the values that change nothing; the first one is written. */
  readonly fixed: Readonly<Record<string, readonly unknown[]>>;
}

const OPTIMIZER_FIXED = { loss_scale_factor: [null] };
/** Options of every optimizer that both have: Keras's name, ours, and what Keras writes where it is not given. */
const OPTIMIZER_COMMON: readonly (readonly [string, string, unknown])[] = [
  ['weight_decay', 'weightDecay', null],
  ['clipnorm', 'clipNorm', null],
  ['global_clipnorm', 'globalClipNorm', null],
  ['clipvalue', 'clipValue', null],
  ['use_ema', 'useEma', false],
  ['ema_momentum', 'emaMomentum', 0.99],
  ['ema_overwrite_frequency', 'emaOverwriteFrequency', null],
  ['gradient_accumulation_steps', 'gradientAccumulationSteps', null],
];
/** Options of ours that Keras has as method calls, which its files do not hold. */
const OPTIMIZER_OURS = [
  'excludeFromWeightDecay',
  'weightDecayMultipliers',
  'learningRateMultipliers',
];
/** Options that only older Keras wrote. */
const OPTIMIZER_OLD: Readonly<Record<string, readonly unknown[]>> = {
  decay: [0, null],
  jit_compile: [true, false, null],
  is_legacy_optimizer: [false, true],
};

const optimizers: Readonly<Record<string, Row>> = {
  Adam: {
    name: 'adam',
    options: ['learning_rate', 'beta_1', 'beta_2', 'epsilon'],
    fixed: { ...OPTIMIZER_FIXED, amsgrad: [false] },
  },
  AdamW: {
    name: 'adamw',
    options: ['learning_rate', 'beta_1', 'beta_2', 'epsilon'],
    fixed: { ...OPTIMIZER_FIXED, amsgrad: [false] },
  },
  SGD: {
    name: 'sgd',
    options: ['learning_rate', 'momentum', 'nesterov'],
    fixed: OPTIMIZER_FIXED,
  },
  RMSprop: {
    name: 'rmsprop',
    options: ['learning_rate', 'rho', 'momentum', 'epsilon', 'centered'],
    fixed: OPTIMIZER_FIXED,
  },
  Lamb: {
    name: 'lamb',
    options: ['learning_rate', 'beta_1', 'beta_2', 'epsilon'],
    fixed: OPTIMIZER_FIXED,
  },
  Lion: {
    name: 'lion',
    options: ['learning_rate', 'beta_1', 'beta_2'],
    fixed: OPTIMIZER_FIXED,
  },
};

const REDUCTION = { reduction: ['sum_over_batch_size', 'auto'] };
const losses: Readonly<Record<string, Row>> = {
  BinaryCrossentropy: {
    name: 'binaryCrossentropy',
    options: ['from_logits', 'label_smoothing'],
    fixed: { ...REDUCTION, axis: [-1] },
  },
  BinaryFocalCrossentropy: {
    name: 'binaryFocalCrossentropy',
    options: ['from_logits', 'label_smoothing', 'apply_class_balancing', 'alpha', 'gamma'],
    fixed: { ...REDUCTION, axis: [-1] },
  },
  CategoricalCrossentropy: {
    name: 'categoricalCrossentropy',
    options: ['from_logits', 'label_smoothing'],
    fixed: { ...REDUCTION, axis: [-1] },
  },
  CategoricalFocalCrossentropy: {
    name: 'categoricalFocalCrossentropy',
    options: ['from_logits', 'label_smoothing', 'alpha', 'gamma'],
    fixed: { ...REDUCTION, axis: [-1] },
  },
  Hinge: { name: 'hinge', options: [], fixed: REDUCTION },
  Huber: { name: 'huber', options: ['delta'], fixed: REDUCTION },
  MeanAbsoluteError: { name: 'meanAbsoluteError', options: [], fixed: REDUCTION },
  SparseCategoricalCrossentropy: {
    name: 'sparseCategoricalCrossentropy',
    options: ['from_logits'],
    fixed: { ...REDUCTION, ignore_class: [null], axis: [-1] },
  },
  SquaredHinge: { name: 'squaredHinge', options: [], fixed: REDUCTION },
  MeanSquaredError: { name: 'meanSquaredError', options: [], fixed: REDUCTION },
};

const metrics: Readonly<Record<string, Row>> = {
  Accuracy: { name: 'accuracy', options: [], fixed: {} },
  CategoricalAccuracy: { name: 'accuracy', options: [], fixed: {} },
  SparseCategoricalAccuracy: { name: 'accuracy', options: [], fixed: {} },
  TopKCategoricalAccuracy: { name: 'topKAccuracy', options: ['k'], fixed: {} },
  SparseTopKCategoricalAccuracy: { name: 'topKAccuracy', options: ['k'], fixed: {} },
  MeanSquaredError: { name: 'meanSquaredError', options: [], fixed: {} },
  F1Score: { name: 'f1Score', options: ['average', 'threshold'], fixed: {} },
  Precision: { name: 'precision', options: ['thresholds', 'top_k', 'class_id'], fixed: {} },
  Recall: { name: 'recall', options: ['thresholds', 'top_k', 'class_id'], fixed: {} },
};
/** Metrics of whole data sets. */
const COUNTED = ['precision', 'recall', 'f1Score'];
const ALIASES: Readonly<Record<string, string>> = {
  acc: 'Accuracy',
  accuracy: 'Accuracy',
  mse: 'MeanSquaredError',
  MSE: 'MeanSquaredError',
  sgd: 'SGD',
  adamw: 'AdamW',
  rmsprop: 'RMSprop',
};

const LEAVE_OUT = 'load the file with { compile: false } to leave its training settings out';

/** Row, class and options of a serialised optimizer, loss or metric, which may be only a name. */
function rowOf(
  rows: Readonly<Record<string, Row>>,
  value: unknown,
  kind: string,
  where: string,
): { row: Row; config: Json } {
  const named = typeof value === 'string';
  const pascal = (name: string) =>
    name.replace(/(^|_)([a-z])/g, (_, _2, c: string) => c.toUpperCase());
  const { className, config } = named
    ? { className: ALIASES[value] ?? pascal(value), config: {} as Json }
    : asKerasObject(value, where);
  if (Object.hasOwn(rows, className)) return { row: rows[className], config };
  const known = Object.keys(rows).join(', ');
  throw configError(
    where,
    `is the ${kind} '${className}', but only ${known} are known; ${LEAVE_OUT}`,
  );
}

/** Options of ours among Keras's. @throws {FormatError} for one that cannot be carried over. */
function optionsOf(
  { row, config }: { row: Row; config: Json },
  where: string,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const fixed = row.fixed[key] ?? OPTIMIZER_OLD[key];
    if (key === 'name') continue;
    if (key === 'dtype') requireOneOf(value, ['float32', null], `${where}.dtype`);
    else if (row.options.includes(key)) options[toCamelCase(key)] = value;
    else if (fixed !== undefined) requireOneOf(value, fixed, `${where}.config.${key}`);
    else
      throw configError(
        `${where}.config.${key}`,
        `is no option that can be carried over; ${LEAVE_OUT}`,
      );
  }
  return options;
}

/** Options of an optimizer of ours: its own, and those that all have. */
function optimizerOptions(
  { row, config }: { row: Row; config: Json },
  where: string,
): Record<string, unknown> {
  const common: Record<string, unknown> = {};
  const own: Record<string, unknown> = { ...config };
  for (const [theirs, ours, absent] of OPTIMIZER_COMMON) {
    const value = own[theirs] ?? absent;
    if (value !== absent) common[ours] = value;
    delete own[theirs];
  }
  return { ...optionsOf({ row, config: own }, where), ...common };
}

function write(
  rows: Readonly<Record<string, Row>>,
  className: string,
  module: string,
  config: Json,
  extra: Json = {},
): Json {
  const row = rows[className];
  const options: Record<string, unknown> = { ...extra };
  for (const [key, value] of Object.entries(config)) options[toSnakeCase(key)] = value;
  for (const [key, [value]] of Object.entries(row.fixed)) options[key] = value;
  return kerasObject(module, className, options);
}

const classOf = (rows: Readonly<Record<string, Row>>, name: string): string | undefined =>
  Object.keys(rows).find((className) => rows[className].name === name);

function metricToKeras(name: string, config: Json, sparse: boolean): unknown {
  if (name === 'accuracy') return 'accuracy';
  // Keras counts these over one-hot targets only.
  if (COUNTED.includes(name)) {
    const className = classOf(metrics, name);
    if (sparse || className === undefined) return undefined;
    const options = Object.entries(config).map(([key, value]) => [
      toSnakeCase(key),
      key === 'name' ? toSnakeCase(String(value)) : value,
    ]);
    return kerasObject('keras.metrics', className, {
      ...Object.fromEntries(options),
      dtype: 'float32',
    });
  }
  if ('k' in config) {
    const className = `${sparse ? 'Sparse' : ''}TopKCategoricalAccuracy`;
    return kerasObject('keras.metrics', className, { name, dtype: 'float32', k: config.k });
  }
  if (name === 'meanSquaredError') {
    return kerasObject('keras.metrics', 'MeanSquaredError', {
      name: 'mean_squared_error',
      dtype: 'float32',
    });
  }
  return undefined;
}

function optimizerToKeras({ name, config }: Named): Json | undefined {
  const className = classOf(optimizers, name);
  if (className === undefined || OPTIMIZER_OURS.some((option) => option in config))
    return undefined;
  const { learningRate, ...own }: Record<string, unknown> = { ...config };
  const common: Record<string, unknown> = { learning_rate: learningRateToKeras(learningRate) };
  for (const [theirs, ours, absent] of OPTIMIZER_COMMON) {
    common[theirs] = config[ours] ?? absent;
    delete own[ours];
  }
  return write(optimizers, className, 'keras.optimizers', own, { name, ...common });
}

interface Named {
  readonly name: string;
  readonly config: Json;
}

interface OurCompileConfig {
  readonly outputs: readonly {
    readonly loss: Named;
    readonly weight: number;
    readonly metrics: readonly Named[];
  }[];
  readonly optimizer: Named;
}

/**
 * How a model was compiled, as Keras writes it; undefined where it was not, or with a loss, a metric or an
 * optimizer of the user's own, or rates of single weights, which no file can hold.
 * @throws {ValueError} for a learning-rate schedule or a smoothing of labels that Keras does not have.
 */
export function compileToKeras(model: Model): Json | undefined {
  const config = model.compileConfig() as OurCompileConfig | undefined;
  if (config === undefined) return undefined;
  const optimizer = optimizerToKeras(config.optimizer);
  const outputs = config.outputs.map(({ loss, metrics: list }) => {
    const className = classOf(losses, loss.name);
    if (loss.name === 'sparseCategoricalCrossentropy' && 'labelSmoothing' in loss.config) {
      throw new ValueError(
        'Keras smooths no labels that are class indices, so that no Keras file can hold how the model is trained; leave that out with { compile: false } (export --no-compile), or train with categoricalCrossentropy',
      );
    }
    const sparse = loss.name.startsWith('sparse');
    const written = list.map((metric) => metricToKeras(metric.name, metric.config, sparse));
    if (className === undefined || written.includes(undefined)) return undefined;
    const name = toSnakeCase(loss.name);
    return {
      loss: write(losses, className, 'keras.losses', loss.config, { name }),
      metrics: written,
    };
  });
  if (optimizer === undefined || outputs.some((output) => output === undefined)) return undefined;
  const several = outputs.length > 1;
  const of = (key: 'loss' | 'metrics') => outputs.map((output) => output?.[key]);
  return {
    optimizer,
    loss: several ? of('loss') : of('loss')[0],
    loss_weights: several ? config.outputs.map(({ weight }) => weight) : singleWeight(config),
    metrics: several ? of('metrics') : of('metrics')[0],
    weighted_metrics: null,
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: 'auto',
  };
}

function singleWeight({ outputs }: OurCompileConfig): unknown {
  return outputs[0].weight === 1 ? null : [outputs[0].weight];
}

/** One setting for each output, given for all, in order, or by output name. */
function perOutput(value: unknown, model: Model, where: string): unknown[] {
  const names = model.outputNames;
  if (Array.isArray(value)) {
    if (value.length === names.length) return value;
    throw configError(where, `has ${value.length} entries for ${names.length} outputs`);
  }
  if (typeof value === 'object' && value !== null && !('class_name' in value)) {
    const object = value as Json;
    const unknown = Object.keys(object).find((key) => !names.includes(key));
    if (unknown !== undefined)
      throw configError(`${where}.${unknown}`, 'names no output of the model');
    return names.map((name) => (Object.hasOwn(object, name) ? object[name] : null));
  }
  return names.map(() => value);
}

/** Metrics of each output: Keras takes one list for a single output, else a list for each. */
function metricsPerOutput(value: unknown, model: Model, where: string): unknown[][] {
  const { outputNames } = model;
  if (value === undefined || value === null) return outputNames.map(() => []);
  if (outputNames.length === 1 && Array.isArray(value) && !Array.isArray(value[0])) return [value];
  return perOutput(value, model, where).map((one) => {
    if (one === null) return [];
    return Array.isArray(one) ? one : [one];
  });
}

function lossFromKeras(value: unknown, where: string): Loss {
  const found = rowOf(losses, value, 'loss', where);
  const options = optionsOf(found, where);
  return resolveLoss(found.row.name as LossName, options);
}

function metricFromKeras(value: unknown, where: string): Metric | DatasetMetric {
  const found = rowOf(metrics, value, 'metric', where);
  const given = Object.entries(optionsOf(found, where));
  const { name } = found.config;
  // Of F1, no average has a meaning; of the others, null is what is not given.
  const options = Object.fromEntries(
    given.filter(([key, option]) => option !== null || key === 'average'),
  );
  const hasName = 'k' in options || COUNTED.includes(found.row.name);
  const own = hasName && typeof name === 'string' ? { name: toCamelCase(name) } : {};
  return resolveMetric(found.row.name as MetricName, { ...options, ...own });
}

/**
 * Options of `compile` from the compile config of a Keras file, which may be untrusted.
 * @param value `compile_config` of a `.keras` file, or `training_config` of a legacy one.
 * @returns undefined where the file says nothing, or nothing that training needs.
 * @throws {FormatError} for an optimizer, a loss, a metric or an option that cannot be carried over, with
 * its path.
 */
export function compileFromKeras(
  value: unknown,
  model: Model,
  where: string,
): CompileOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const config = asObject(value, where);
  const optimizer = config.optimizer ?? config.optimizer_config;
  if (optimizer === undefined || optimizer === null) return undefined;
  if (config.loss === undefined || config.loss === null) return undefined;
  requireOneOf(config.weighted_metrics ?? null, [null, []], `${where}.weighted_metrics`);
  const found = rowOf(optimizers, optimizer, 'optimizer', `${where}.optimizer`);
  const options = optimizerOptions(found, `${where}.optimizer`);
  if ('learningRate' in options) {
    const path = `${where}.optimizer.config.learning_rate`;
    options.learningRate = learningRateFromKeras(options.learningRate, path, LEAVE_OUT);
  }
  const list = perOutput(config.loss, model, `${where}.loss`);
  const weights = config.loss_weights ?? null;
  const lossWeights =
    weights === null ? list.map(() => 1) : perOutput(weights, model, `${where}.loss_weights`);
  const lists = metricsPerOutput(config.metrics, model, `${where}.metrics`);
  const byOutput: Record<string, (Metric | DatasetMetric)[]> = Object.create(null) as Record<
    string,
    (Metric | DatasetMetric)[]
  >;
  model.outputNames.forEach((name, i) => {
    byOutput[name] = asList(lists[i], `${where}.metrics[${i}]`).map((metric, j) =>
      metricFromKeras(metric, `${where}.metrics[${i}][${j}]`),
    );
  });
  return {
    optimizer: resolveOptimizer(asText(found.row.name, where) as OptimizerName, options),
    loss: list.map((loss, i) => lossFromKeras(loss, `${where}.loss[${i}]`)),
    lossWeights: lossWeights.map((weight, i) => {
      if (typeof weight === 'number') return weight;
      throw configError(`${where}.loss_weights[${i}]`, `must be a number, got ${shown(weight)}`);
    }),
    metrics: byOutput,
  };
}
