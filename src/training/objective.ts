import { DataError, UnknownNameError, ValueError } from '../core/errors.js';
import { isNamedOptions } from '../core/named-options.js';
import { type Shape, sizeOf } from '../core/shape.js';
import { affine } from '../ops/affine.js';
import { add, multiply } from '../ops/binary.js';
import { globalBatch, type IrGraph, type Value } from '../ops/ir.js';
import { totalSum } from '../ops/total-sum.js';
import type { RunResults } from '../runtime/executor.js';
import type { Loss } from './loss.js';
import { type LossLike, resolveLoss } from './losses.js';
import type { DatasetFigure, DatasetMetric, Metric } from './metric.js';
import { type MetricLike, resolveMetric } from './metrics.js';

/** One setting for all outputs, one for each in order, or one by output name. */
export type PerOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

interface OutputObjective {
  name: string;
  loss: Loss;
  weight: number;
  metrics: readonly (Metric | DatasetMetric)[];
  /** Predictions of one sample. */
  width: number;
  targetShape: Shape;
  /** Where targets are class indices, how many classes there are. */
  classes: number | undefined;
}

/** What training minimises and reports: a loss and metrics for each output of a model. */
export class Objective {
  readonly #outputs: readonly OutputObjective[];

  /**
   * @param names names of the model's outputs. @param shapes their sample shapes.
   * @param options losses, their weights and metrics, by output.
   * @throws {ValueError} when they do not match the outputs.
   */
  constructor(
    names: readonly string[],
    shapes: readonly Shape[],
    options: {
      loss: PerOutput<LossLike>;
      lossWeights?: readonly number[] | Readonly<Record<string, number>>;
      metrics?: readonly MetricLike[] | Readonly<Record<string, readonly MetricLike[]>>;
    },
  ) {
    const losses = perOutput<LossLike>(options.loss, names, isLoss, 'loss');
    const { lossWeights = names.map(() => 1), metrics = [] } = options;
    const isNumber = (value: unknown): value is number => typeof value === 'number';
    const weights = perOutput<number>(lossWeights, names, isNumber, 'lossWeights');
    requireMetrics(metrics, names);
    const forOutput = (name: string): readonly MetricLike[] => {
      if (Array.isArray(metrics)) return metrics as readonly MetricLike[];
      return (metrics as Readonly<Record<string, readonly MetricLike[]>>)[name] ?? [];
    };
    this.#outputs = names.map((name, i) => {
      const loss = resolveLoss(losses[i]);
      return {
        name,
        loss,
        weight: weights[i],
        metrics: forOutput(name).map((metric) => resolveMetric(metric)),
        width: sizeOf(shapes[i]),
        targetShape: loss.targetShape(shapes[i]),
        classes: loss.sparse ? shapes[i].at(-1) : undefined,
      };
    });
  }

  /** Shapes of one sample's targets, in the order of the outputs. */
  get targetShapes(): readonly Shape[] {
    return this.#outputs.map((output) => output.targetShape);
  }

  /**
   * Throws unless the targets that are class indices name classes, which a step would turn into NaN.
   * @param targets of a batch, by output. @param samples numbers of its samples, for the message.
   * @throws {DataError} naming the output, the label and the sample.
   */
  requireClasses(targets: readonly Float32Array[], samples: Uint32Array): void {
    this.#outputs.forEach(({ name, loss, classes }, output) => {
      if (classes === undefined) return;
      samples.forEach((sample, i) => {
        const label = targets[output][i];
        if (Number.isInteger(label) && label >= 0 && label < classes) return;
        throw new DataError(
          `target '${name}' holds label ${label} (sample ${sample}), but for ${classes} classes ` +
            `the loss '${loss.name}' takes whole numbers from 0 to ${classes - 1}`,
        );
      });
    });
  }

  /** Outputs, from 0, that have figures of the whole data set. */
  get countedOutputs(): readonly number[] {
    return this.#outputs.flatMap(({ metrics }, i) => {
      return metrics.some((metric) => 'begin' in metric) ? i : [];
    });
  }

  /** Begins to count the figures of the whole data set. */
  beginFigures(): DatasetFigures {
    const several = this.#outputs.length > 1;
    return new DatasetFigures(
      this.#outputs.flatMap(({ name, metrics, width }, output) =>
        metrics.flatMap((metric) => {
          if (!('begin' in metric)) return [];
          const label = several ? `${name}_${metric.name}` : metric.name;
          return { label, output, figure: metric.begin(width) };
        }),
      ),
    );
  }

  /** Losses, weights and metrics by name, for files; functions of the user's own appear by name only. */
  getConfig(): Record<string, unknown> {
    const described = (one: Loss | Metric | DatasetMetric) => {
      return { name: 'kind' in one ? one.kind : one.name, config: one.getConfig() };
    };
    return {
      outputs: this.#outputs.map(({ name, loss, weight, metrics }) => {
        return { name, loss: described(loss), weight, metrics: metrics.map(described) };
      }),
    };
  }

  /**
   * Emits the loss and declares the results `loss`, with several outputs `<output>_loss`, and the metrics.
   * @param sampleWeights what each sample counts in the loss, `[N]`; metrics do not heed it.
   * @returns the loss to minimise: the sums over the whole batch, divided by its size, weighted by output,
   * plus the penalties.
   */
  emit(
    graph: IrGraph,
    predictions: readonly Value[],
    targets: readonly Value[],
    penalties: readonly Value[],
    sampleWeights?: Value,
  ): Value {
    const several = this.#outputs.length > 1;
    const perSample = 1 / Math.max(globalBatch(graph.share), 1);
    const means = this.#outputs.map(({ loss }, i) => {
      const each = loss.emit(predictions[i], targets[i]);
      const counted = sampleWeights === undefined ? each : multiply(each, sampleWeights);
      return totalSum(counted, perSample);
    });
    const weighted = means.map((mean, i) => {
      return this.#outputs[i].weight === 1 ? mean : affine(mean, this.#outputs[i].weight);
    });
    const loss = [...weighted, ...penalties].reduce(add);
    graph.results.push({ value: loss, name: 'loss', kind: 'scalar' });
    this.#outputs.forEach((output, i) => {
      const label = (name: string) => (several ? `${output.name}_${name}` : name);
      if (several) graph.results.push({ value: means[i], name: label('loss'), kind: 'scalar' });
      for (const metric of output.metrics) {
        if ('begin' in metric) continue;
        const figures = metric.emit(predictions[i], targets[i], output.loss);
        const value = totalSum(figures, perSample);
        graph.results.push({ value, name: label(metric.name), kind: 'scalar' });
      }
    });
    return loss;
  }
}

/** Counts the figures of a whole data set for all outputs that have some. */
export class DatasetFigures {
  readonly #figures: readonly { label: string; output: number; figure: DatasetFigure }[];

  /** @param figures what counts, by output and name. */
  constructor(figures: readonly { label: string; output: number; figure: DatasetFigure }[]) {
    this.#figures = figures;
  }

  /** Takes the results of a batch in. */
  add(results: RunResults, count: number): void {
    for (const { output, figure } of this.#figures) {
      const { predictions, targets } = arrayNames(output);
      const array = (name: string) => Float32Array.from(results[name]);
      figure.add(array(predictions), array(targets), count);
    }
  }

  /** The figures so far, by name. */
  figures(): Record<string, number> {
    const entries = this.#figures.flatMap(({ label, figure }) =>
      Object.entries(figure.figures()).map(([ending, value]) => [`${label}${ending}`, value]),
    );
    return Object.fromEntries(entries);
  }
}

/** Names of the arrays of an output that an evaluation hands back for figures of the whole data set. */
export function arrayNames(output: number): { predictions: string; targets: string } {
  return { predictions: `predictions:${output}`, targets: `targets:${output}` };
}

function requireMetrics(metrics: unknown, outputs: readonly string[]): void {
  if (Array.isArray(metrics)) return;
  if (typeof metrics !== 'object' || metrics === null) {
    throw new ValueError(`metrics must be a list, such as ['accuracy'], got '${metrics}'`);
  }
  const unknown = Object.keys(metrics).find((name) => !outputs.includes(name));
  if (unknown !== undefined) throw new UnknownNameError('output in metrics', unknown, outputs);
}

function isLoss(value: unknown): value is LossLike {
  if (typeof value === 'string' || typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && ('emit' in value || isNamedOptions(value));
}

function perOutput<T>(
  setting: PerOutput<T>,
  names: readonly string[],
  isOne: (value: unknown) => value is T,
  what: string,
): readonly T[] {
  if (isOne(setting)) {
    if (names.length === 1) return [setting];
    return names.map(() => setting);
  }
  if (typeof setting !== 'object' || setting === null) {
    throw new ValueError(
      `${what} is missing; compile needs one, such as 'categoricalCrossentropy'`,
    );
  }
  const list = Array.isArray(setting)
    ? (setting as readonly T[])
    : names.map((name) => (setting as Readonly<Record<string, T>>)[name]);
  if (list.length !== names.length || !list.every(isOne)) {
    throw new ValueError(
      `${what} must have one entry for each of the outputs ${names.map((name) => `'${name}'`).join(', ')}`,
    );
  }
  return list;
}
