import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape } from '../core/shape.js';
import type { CallContext } from '../graph/graph-layer.js';
import type { Initializer, Regularizer, Variable } from '../graph/variable.js';
import { biasAdd } from '../ops/bias-add.js';
import { conv2d as conv2dOp } from '../ops/conv2d.js';
import type { Value } from '../ops/ir.js';
import type { Padding } from '../ops/window.js';
import { type ActivationName, applyActivation, resolveActivation } from './activations.js';
import { type InitializerLike, resolveInitializer } from './initializers.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { pairOf, requireCount, requireFlag, requirePadding, type Size2d } from './option-checks.js';
import { type RegularizerLike, regularizerConfig, resolveRegularizer } from './regularizers.js';

/** Options of `conv2d`, named as in Keras. */
export interface Conv2DOptions extends LayerOptions {
  /** Number of output channels. */
  filters: number;
  /** Height and width of the kernel, in pixels. */
  kernelSize: Size2d;
  /** Step in pixels; default 1. */
  strides?: Size2d;
  /** `valid` (default) or `same`, as TensorFlow defines them. */
  padding?: Padding;
  /** Distance between kernel taps in pixels; default 1. */
  dilationRate?: Size2d;
  /** Groups of channels that are convolved separately; default 1. */
  groups?: number;
  /** Applied to the result; default none. */
  activation?: ActivationName;
  /** Whether a bias is added; default true. */
  useBias?: boolean;
  /** Default `glorotUniform`. */
  kernelInitializer?: InitializerLike;
  /** Default `zeros`. */
  biasInitializer?: InitializerLike;
  /** Penalty on the kernel. */
  kernelRegularizer?: RegularizerLike;
  /** Penalty on the bias. */
  biasRegularizer?: RegularizerLike;
}

/** 2D convolution: `[N, H, W, C]` → `[N, H', W', filters]`, kernel `[h, w, C / groups, filters]`. */
export class Conv2D extends Layer {
  readonly className = 'Conv2D';
  readonly #filters: number;
  readonly #kernelSize: readonly [number, number];
  readonly #strides: readonly [number, number];
  readonly #padding: Padding;
  readonly #dilation: readonly [number, number];
  readonly #groups: number;
  readonly #activation: ActivationName;
  readonly #useBias: boolean;
  readonly #kernelInitializer: Initializer;
  readonly #biasInitializer: Initializer;
  readonly #kernelRegularizer: Regularizer | undefined;
  readonly #biasRegularizer: Regularizer | undefined;
  #kernel: Variable | undefined;
  #bias: Variable | undefined;

  /** @param options see `Conv2DOptions`. @throws {ValueError} for options out of range. */
  constructor(options: Conv2DOptions) {
    super(options, 'conv2d');
    const what = `layer '${this.name}'`;
    this.#filters = requireCount(options.filters, 'filters', what);
    this.#kernelSize = pairOf(options.kernelSize, 'kernelSize', what);
    this.#strides = pairOf(options.strides ?? 1, 'strides', what);
    this.#padding = requirePadding(options.padding ?? 'valid', what);
    this.#dilation = pairOf(options.dilationRate ?? 1, 'dilationRate', what);
    this.#groups = requireCount(options.groups ?? 1, 'groups', what);
    this.#activation = resolveActivation(options.activation);
    this.#useBias = requireFlag(options.useBias ?? true, 'useBias', what);
    this.#kernelInitializer = resolveInitializer(options.kernelInitializer ?? 'glorotUniform');
    this.#biasInitializer = resolveInitializer(options.biasInitializer ?? 'zeros');
    this.#kernelRegularizer = resolveRegularizer(options.kernelRegularizer);
    this.#biasRegularizer = resolveRegularizer(options.biasRegularizer);
  }

  protected override build([shape]: readonly Shape[]): void {
    if (shape.length !== 3) {
      throw new ShapeError(
        `layer '${this.name}' expects images [N, H, W, C], got shape ${formatShape([null, ...shape])}`,
      );
    }
    const channels = shape[2];
    if (channels % this.#groups !== 0 || this.#filters % this.#groups !== 0) {
      throw new ShapeError(
        `layer '${this.name}': ${channels} channels and ${this.#filters} filters must both be divisible by groups = ${this.#groups}`,
      );
    }
    const kernelShape = [...this.#kernelSize, channels / this.#groups, this.#filters];
    this.#kernel = this.addWeight('kernel', kernelShape, this.#kernelInitializer, {
      regularizer: this.#kernelRegularizer,
    });
    if (this.#useBias) {
      this.#bias = this.addWeight('bias', [this.#filters], this.#biasInitializer, {
        regularizer: this.#biasRegularizer,
      });
    }
  }

  call([x]: readonly Value[], context: CallContext): Value {
    let y = conv2dOp(x, context.read(this.#kernel as Variable), {
      strides: this.#strides,
      padding: this.#padding,
      dilation: this.#dilation,
      groups: this.#groups,
    });
    if (this.#bias !== undefined) y = biasAdd(y, context.read(this.#bias));
    return applyActivation(this.#activation, y);
  }

  getConfig(): LayerConfig {
    return {
      filters: this.#filters,
      kernelSize: this.#kernelSize,
      strides: this.#strides,
      padding: this.#padding,
      dilationRate: this.#dilation,
      groups: this.#groups,
      activation: this.#activation,
      useBias: this.#useBias,
      kernelInitializer: this.#kernelInitializer.getConfig(),
      biasInitializer: this.#biasInitializer.getConfig(),
      kernelRegularizer: regularizerConfig(this.#kernelRegularizer),
      biasRegularizer: regularizerConfig(this.#biasRegularizer),
    };
  }
}

/** A 2D convolution layer; see `Conv2DOptions`. */
export const conv2d = (options: Conv2DOptions): Conv2D => new Conv2D(options);
