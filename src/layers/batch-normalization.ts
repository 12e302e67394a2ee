import { ShapeError, ValueError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';
import type { CallContext } from '../graph/graph-layer.js';
import type { Initializer, Regularizer, Variable } from '../graph/variable.js';
import { batchNorm } from '../ops/batch-norm.js';
import type { Value } from '../ops/ir.js';
import { type InitializerLike, resolveInitializer } from './initializers.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireFlag, requireNumber, show } from './option-checks.js';
import { type RegularizerLike, regularizerConfig, resolveRegularizer } from './regularizers.js';

/** Options of `batchNormalization`, named as in Keras. */
export interface BatchNormalizationOptions extends LayerOptions {
  /** The axis of the channels, which must be the last: -1 (default), or its number with the batch as 0. */
  axis?: number;
  /** Share of the old moving statistics kept in a step; default 0.99. */
  momentum?: number;
  /** Added to the variance; default 0.001. */
  epsilon?: number;
  /** Whether `beta` is added; default true. */
  center?: boolean;
  /** Whether the result is multiplied by `gamma`; default true. */
  scale?: boolean;
  /** Default `zeros`. */
  betaInitializer?: InitializerLike;
  /** Default `ones`. */
  gammaInitializer?: InitializerLike;
  /** Default `zeros`. */
  movingMeanInitializer?: InitializerLike;
  /** Default `ones`. */
  movingVarianceInitializer?: InitializerLike;
  /** Penalty on `beta`. */
  betaRegularizer?: RegularizerLike;
  /** Penalty on `gamma`. */
  gammaRegularizer?: RegularizerLike;
}

/**
 * Batch normalisation of `[N, ..., C]` over the last axis: (x − mean) / √(variance + epsilon) · gamma +
 * beta. Training uses the statistics of the batch and moves the stored ones: moving ← momentum · moving +
 * (1 − momentum) · batch. Inference, and a layer with `trainable = false`, use the stored ones. Source:
 * Ioffe and Szegedy, "Batch Normalization" (2015).
 */
export class BatchNormalization extends Layer {
  readonly className = 'BatchNormalization';
  readonly #axis: number;
  readonly #momentum: number;
  readonly #epsilon: number;
  readonly #center: boolean;
  readonly #scale: boolean;
  readonly #betaInitializer: Initializer;
  readonly #gammaInitializer: Initializer;
  readonly #movingMeanInitializer: Initializer;
  readonly #movingVarianceInitializer: Initializer;
  readonly #betaRegularizer: Regularizer | undefined;
  readonly #gammaRegularizer: Regularizer | undefined;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;
  #movingMean: Variable | undefined;
  #movingVariance: Variable | undefined;

  /** @param options see `BatchNormalizationOptions`. @throws {ValueError} for options out of range. */
  constructor(options: BatchNormalizationOptions = {}) {
    super(options, 'batch_normalization');
    const what = `layer '${this.name}'`;
    this.#axis = options.axis ?? -1;
    if (!Number.isInteger(this.#axis)) {
      throw new ValueError(
        `${what}: axis must be -1 or the number of the last axis, got ${show(this.#axis)}`,
      );
    }
    this.#momentum = requireNumber(
      options.momentum ?? 0.99,
      'momentum',
      what,
      0,
      1 + Number.EPSILON,
    );
    this.#epsilon = requireNumber(options.epsilon ?? 1e-3, 'epsilon', what, 0);
    this.#center = requireFlag(options.center ?? true, 'center', what);
    this.#scale = requireFlag(options.scale ?? true, 'scale', what);
    this.#betaInitializer = resolveInitializer(options.betaInitializer ?? 'zeros');
    this.#gammaInitializer = resolveInitializer(options.gammaInitializer ?? 'ones');
    this.#movingMeanInitializer = resolveInitializer(options.movingMeanInitializer ?? 'zeros');
    this.#movingVarianceInitializer = resolveInitializer(
      options.movingVarianceInitializer ?? 'ones',
    );
    this.#betaRegularizer = resolveRegularizer(options.betaRegularizer);
    this.#gammaRegularizer = resolveRegularizer(options.gammaRegularizer);
  }

  protected override build([shape]: readonly Shape[]): void {
    const rank = shape.length + 1;
    if (rank < 2 || (this.#axis !== -1 && this.#axis !== rank - 1)) {
      throw new ShapeError(
        `layer '${this.name}' normalises over the last axis only: for an input of shape ${formatShape([null, ...shape])} axis must be -1 or ${rank - 1}, got ${this.#axis}`,
      );
    }
    const channels = [shape[shape.length - 1]];
    if (this.#scale) {
      this.#gamma = this.addWeight('gamma', channels, this.#gammaInitializer, {
        regularizer: this.#gammaRegularizer,
      });
    }
    if (this.#center) {
      this.#beta = this.addWeight('beta', channels, this.#betaInitializer, {
        regularizer: this.#betaRegularizer,
      });
    }
    const fixed = { trainable: false };
    this.#movingMean = this.addWeight('movingMean', channels, this.#movingMeanInitializer, fixed);
    this.#movingVariance = this.addWeight(
      'movingVariance',
      channels,
      this.#movingVarianceInitializer,
      fixed,
    );
  }

  call([x]: readonly Value[], context: CallContext): Value {
    const movingMean = this.#movingMean as Variable;
    const movingVariance = this.#movingVariance as Variable;
    const { y, newMovingMean, newMovingVariance } = batchNorm(
      {
        x,
        movingMean: context.read(movingMean),
        movingVariance: context.read(movingVariance),
        gamma: this.#gamma && context.read(this.#gamma),
        beta: this.#beta && context.read(this.#beta),
      },
      {
        epsilon: this.#epsilon,
        momentum: context.statisticsMomentum ?? this.#momentum,
        batchStatistics: context.training && this.trainable,
      },
    );
    if (newMovingMean !== undefined) context.update(movingMean, newMovingMean);
    if (newMovingVariance !== undefined) context.update(movingVariance, newMovingVariance);
    return y;
  }

  getConfig(): LayerConfig {
    return {
      axis: this.#axis,
      momentum: this.#momentum,
      epsilon: this.#epsilon,
      center: this.#center,
      scale: this.#scale,
      betaInitializer: this.#betaInitializer.getConfig(),
      gammaInitializer: this.#gammaInitializer.getConfig(),
      movingMeanInitializer: this.#movingMeanInitializer.getConfig(),
      movingVarianceInitializer: this.#movingVarianceInitializer.getConfig(),
      betaRegularizer: regularizerConfig(this.#betaRegularizer),
      gammaRegularizer: regularizerConfig(this.#gammaRegularizer),
    };
  }
}

/** A batch normalisation layer; see `BatchNormalizationOptions`. */
export const batchNormalization = (options: BatchNormalizationOptions = {}): BatchNormalization =>
  new BatchNormalization(options);
