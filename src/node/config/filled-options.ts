import { applications } from '../../applications/registry.js';
import { isNamedOptions, type NamedOptions, optionsOf } from '../../core/named-options.js';
import { describeAugmentation } from '../../data/augment/augmentation.js';
import { resolveAugmentation } from '../../data/augment/registry.js';
import { type RegularizerLike, resolveRegularizer } from '../../layers/regularizers.js';
import { type LossName, resolveLoss } from '../../training/losses.js';
import { type MetricName, resolveMetric } from '../../training/metrics.js';
import { optionDefaults } from '../../training/optimizer-options.js';
import { type OptimizerName, resolveOptimizer } from '../../training/optimizers.js';
import { epochsToSteps } from '../../training/schedules/epochs-to-steps.js';
import { resolveSchedule } from '../../training/schedules/resolve-schedule.js';
import { resolveCallback } from '../callbacks/node-callbacks.js';
import { resolveView } from '../run-evaluation.js';
import type { RunSettings } from '../runs/run-record.js';

/** Steps of an epoch where the data is not known yet: enough for parts of epochs. */
export const LIKELY_STEPS = 1000;
/** What is trained with unless a description says otherwise. */
export const DEFAULT_LOSS: NamedOptions = { name: 'categoricalCrossentropy' };

/** A loss with all its options. @throws {UnknownNameError}, {ValueError} for what is none. */
export function filledLoss(loss: NamedOptions): NamedOptions {
  const { name } = loss;
  const config = resolveLoss(name as LossName, { ...optionsOf(loss) }).getConfig();
  // Its config leaves this out, as Keras has no such option.
  const implied = name === 'sparseCategoricalCrossentropy' ? { labelSmoothing: 0 } : {};
  return { name, ...implied, ...config };
}

/** A metric with all its options. @throws {UnknownNameError}, {ValueError} for what is none. */
export function filledMetric(metric: NamedOptions): NamedOptions {
  const kind = metric.name;
  const config = resolveMetric(kind as MetricName, { ...optionsOf(metric) }).getConfig();
  const { name = kind, ...options } = config;
  return name === kind ? { name: kind, ...options } : { name: kind, config: { ...options, name } };
}

/** An augmentation with all its options. @throws {UnknownNameError}, {ValueError} for what is none. */
export function filledAugmentation(change: NamedOptions): NamedOptions {
  return describeAugmentation(resolveAugmentation(change.name, optionsOf(change)));
}

/** A view with all its options. @throws {UnknownNameError}, {ValueError} for what is none. */
export function filledView(view: NamedOptions): NamedOptions {
  return describeAugmentation(resolveView(view));
}

/** A callback with all its options. @throws {UnknownNameError}, {ValueError} for what is none. */
export function filledCallback(callback: NamedOptions): NamedOptions {
  const { name } = callback;
  return { name, ...resolveCallback(name, optionsOf(callback)).getConfig() };
}

/**
 * A schedule with all its options; lengths in epochs stay so.
 * @throws {UnknownNameError}, {ValueError} for what is none.
 */
export function filledSchedule(given: NamedOptions, stepsPerEpoch: number): NamedOptions {
  const options = optionsOf(given);
  const { name } = given;
  const inSteps: NamedOptions = epochsToSteps({ ...options, name }, stepsPerEpoch);
  const config = resolveSchedule(name, optionsOf(inSteps)).getConfig();
  const defaults = Object.entries(config).filter(([option]) => !(option in inSteps));
  const { schedule } = options;
  return {
    name,
    ...options,
    ...(isNamedOptions(schedule) && { schedule: filledSchedule(schedule, stepsPerEpoch) }),
    ...Object.fromEntries(defaults),
  };
}

/** The options of the ready-made network of a name, filled in; of any other model as they are. */
export function filledModelOptions(
  model: string,
  given: RunSettings['modelOptions'],
): RunSettings['modelOptions'] {
  if (!Object.hasOwn(applications, model)) return given;
  const { defaults } = applications[model];
  const options: Record<string, unknown> = { ...defaults, ...given };
  const penalty = resolveRegularizer(options.kernelRegularizer as RegularizerLike | undefined);
  return { ...options, ...(penalty && { kernelRegularizer: penalty }) };
}

/**
 * The options of an optimizer besides the rate, filled in.
 * @throws {UnknownNameError}, {ValueError} for what it does not have, or out of range.
 */
export function filledOptimizer(
  name: OptimizerName,
  given: Readonly<Record<string, unknown>>,
): Pick<RunSettings, 'learningRate' | 'optimizerOptions'> & { weightDecay: number } {
  const made = resolveOptimizer(name, { ...given });
  const all: Record<string, unknown> = { ...optionDefaults, ...made.getConfig() };
  const { learningRate: _, weightDecay, ...optimizerOptions } = all;
  return { learningRate: made.learningRate, weightDecay: Number(weightDecay), optimizerOptions };
}

/**
 * The options of a run's optimizer that are not those that it has anyway, and the rate.
 * So a model file says as little of it as that of a model that was compiled by hand.
 */
export function optimizerOptionsOf(settings: RunSettings): Record<string, unknown> {
  const { optimizer, learningRate, weightDecay, optimizerOptions } = settings;
  const { optimizerOptions: own, weightDecay: decay } = filledOptimizer(optimizer, {});
  const defaults: Readonly<Record<string, unknown>> = { ...own, weightDecay: decay };
  const given = { ...optimizerOptions, ...(weightDecay !== undefined && { weightDecay }) };
  const changed = Object.entries(given).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]),
  );
  return { ...Object.fromEntries(changed), learningRate };
}

/**
 * The same settings with the defaults of everything that has a name, so that a run goes on meaning what it
 * means when a default changes.
 * @throws {UnknownNameError}, {ValueError} for what describes nothing.
 */
export function filledSettings(settings: RunSettings): RunSettings {
  const { model, modelFile, modelOptions, optimizer, loss = DEFAULT_LOSS } = settings;
  const { schedule, metrics, callbacks, augment, evaluate } = settings;
  const { learningRate: _, ...options } = filledOptimizer(optimizer, optimizerOptionsOf(settings));
  return {
    ...settings,
    ...options,
    ...(modelFile === undefined && { modelOptions: filledModelOptions(model, modelOptions) }),
    // How many steps an epoch has changes no option that has a default.
    ...(schedule && { schedule: filledSchedule(schedule, LIKELY_STEPS) }),
    loss: filledLoss(loss),
    ...(metrics && { metrics: metrics.map(filledMetric) }),
    ...(callbacks && { callbacks: callbacks.map(filledCallback) }),
    ...(augment && { augment: augment.map(filledAugmentation) }),
    ...(evaluate?.views && { evaluate: { ...evaluate, views: evaluate.views.map(filledView) } }),
  };
}
