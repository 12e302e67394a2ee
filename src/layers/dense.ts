import { ShapeError } from '../core/errors.js';
import { type Shape, sizeOf } from '../core/shape.js';
import type { CallContext } from '../graph/graph-layer.js';
import type { Initializer, Regularizer, Variable } from '../graph/variable.js';
import { biasAdd } from '../ops/bias-add.js';
import type { Value } from '../ops/ir.js';
import { matmul } from '../ops/matmul.js';
import { reshape } from '../ops/reshape.js';
import { type ActivationName, applyActivation, resolveActivation } from './activations.js';
import { type InitializerLike, resolveInitializer } from './initializers.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireCount, requireFlag } from './option-checks.js';
import { type RegularizerLike, regularizerConfig, resolveRegularizer } from './regularizers.js';

/** Options of `dense`, named as in Keras. */
export interface DenseOptions extends LayerOptions {
  /** Number of outputs. */
  units: number;
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

/** activation(x · kernel + bias) over the last axis: `[N, ..., C]` → `[N, ..., units]`, kernel `[C, units]`. */
export class Dense extends Layer {
  readonly className = 'Dense';
  readonly #units: number;
  readonly #activation: ActivationName;
  readonly #useBias: boolean;
  readonly #kernelInitializer: Initializer;
  readonly #biasInitializer: Initializer;
  readonly #kernelRegularizer: Regularizer | undefined;
  readonly #biasRegularizer: Regularizer | undefined;
  #kernel: Variable | undefined;
  #bias: Variable | undefined;

  /** @param options see `DenseOptions`. @throws {ValueError} for options out of range. */
  constructor(options: DenseOptions) {
    super(options, 'dense');
    const what = `layer '${this.name}'`;
    this.#units = requireCount(options.units, 'units', what);
    this.#activation = resolveActivation(options.activation);
    this.#useBias = requireFlag(options.useBias ?? true, 'useBias', what);
    this.#kernelInitializer = resolveInitializer(options.kernelInitializer ?? 'glorotUniform');
    this.#biasInitializer = resolveInitializer(options.biasInitializer ?? 'zeros');
    this.#kernelRegularizer = resolveRegularizer(options.kernelRegularizer);
    this.#biasRegularizer = resolveRegularizer(options.biasRegularizer);
  }

  protected override build([shape]: readonly Shape[]): void {
    if (shape.length === 0) {
      throw new ShapeError(
        `layer '${this.name}' expects features [N, ..., C], got one number a sample; reshape it to [1] first`,
      );
    }
    const features = shape[shape.length - 1];
    this.#kernel = this.addWeight('kernel', [features, this.#units], this.#kernelInitializer, {
      regularizer: this.#kernelRegularizer,
    });
    if (this.#useBias) {
      this.#bias = this.addWeight('bias', [this.#units], this.#biasInitializer, {
        regularizer: this.#biasRegularizer,
      });
    }
  }

  call([x]: readonly Value[], context: CallContext): Value {
    const leading = x.shape.slice(0, -1);
    const rows = reshapeTo(x, [sizeOf(leading), x.shape[x.shape.length - 1]]);
    let y = matmul(rows, context.read(this.#kernel as Variable));
    if (this.#bias !== undefined) y = biasAdd(y, context.read(this.#bias));
    return applyActivation(this.#activation, reshapeTo(y, [...leading, this.#units]));
  }

  getConfig(): LayerConfig {
    return {
      units: this.#units,
      activation: this.#activation,
      useBias: this.#useBias,
      kernelInitializer: this.#kernelInitializer.getConfig(),
      biasInitializer: this.#biasInitializer.getConfig(),
      kernelRegularizer: regularizerConfig(this.#kernelRegularizer),
      biasRegularizer: regularizerConfig(this.#biasRegularizer),
    };
  }
}

/** x under this shape; x itself where the rank is the same already. */
function reshapeTo(x: Value, shape: Shape): Value {
  return x.shape.length === shape.length ? x : reshape(x, shape);
}

/** A densely connected layer; see `DenseOptions`. */
export const dense = (options: DenseOptions): Dense => new Dense(options);
