import { UnknownNameError, ValueError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import { subtract } from '../ops/binary.js';
import { crossentropy, softmaxCrossentropy } from '../ops/crossentropy.js';
import type { Value } from '../ops/ir.js';
import { mean } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { square } from '../ops/unary.js';

/** Measures how wrong predictions are; training makes its mean over the batch small. */
export interface Loss {
  /** Name in files and messages. */
  readonly name: string;
  /** Whether the targets are class indices. */
  readonly sparse: boolean;
  /** Shape of one sample's target, for predictions of this sample shape. */
  targetShape(prediction: Shape): Shape;
  /** Emits the loss of every sample, `[N]`, from predictions and targets `[N, ...]`. */
  emit(predictions: Value, targets: Value): Value;
  /** Serialisable options. */
  getConfig(): Record<string, unknown>;
}

/** Names of the built-in losses. */
export type LossName =
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'meanSquaredError'
  | 'mse';

/** A loss by name, as an object, or as a function over the library's ops that gives `[N]`. */
export type LossLike = LossName | Loss | ((predictions: Value, targets: Value) => Value);

/** Whether predictions are logits instead of probabilities. */
export interface CrossentropyOptions {
  /** Default false: predictions are probabilities, such as those of a softmax. */
  fromLogits?: boolean;
}

function crossentropyLoss(name: string, sparse: boolean, fromLogits: boolean): Loss {
  return {
    name,
    sparse,
    targetShape: (prediction) => (sparse ? [] : prediction),
    emit(predictions, targets) {
      if (fromLogits) return softmaxCrossentropy(predictions, targets, sparse);
      return crossentropy(predictions, targets, sparse);
    },
    getConfig: () => ({ fromLogits }),
  };
}

/** −Σ y · log p for one-hot targets `[N, classes]`. */
export function categoricalCrossentropy({ fromLogits = false }: CrossentropyOptions = {}): Loss {
  return crossentropyLoss('categoricalCrossentropy', false, fromLogits);
}

/** −log p[y] for class indices `[N]`. */
export function sparseCategoricalCrossentropy({
  fromLogits = false,
}: CrossentropyOptions = {}): Loss {
  return crossentropyLoss('sparseCategoricalCrossentropy', true, fromLogits);
}

/** Mean over a sample's values of (p − y)². */
export function meanSquaredError(): Loss {
  return {
    name: 'meanSquaredError',
    sparse: false,
    targetShape: (prediction) => prediction,
    emit: (predictions, targets) => squaredErrors(predictions, targets),
    getConfig: () => ({}),
  };
}

/** Mean squared error of every sample, `[N]`. */
export function squaredErrors(predictions: Value, targets: Value): Value {
  const errors = square(subtract(predictions, targets));
  const axes = errors.shape.map((_, axis) => axis).slice(1);
  return axes.length === 0 ? errors : mean(errors, axes);
}

const factories: Record<LossName, (options: CrossentropyOptions) => Loss> = {
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  meanSquaredError,
  mse: meanSquaredError,
};

/**
 * The loss that a user names.
 * @throws {UnknownNameError} for a name that is none.
 */
export function resolveLoss(loss: LossLike, config: Record<string, unknown> = {}): Loss {
  if (typeof loss === 'function') {
    return {
      // No name of a built-in loss, whatever the function is called.
      name: `custom:${loss.name}`,
      sparse: false,
      targetShape: (prediction) => prediction,
      emit(predictions, targets) {
        const value = loss(predictions, targets);
        if (value.shape[0] !== predictions.shape[0]) {
          throw new ValueError(
            `the loss function gave an array of shape [${value.shape.join(', ')}], expected one loss a sample, [N]`,
          );
        }
        return reshape(value, [value.shape[0]]);
      },
      getConfig: () => ({}),
    };
  }
  if (typeof loss !== 'string') return loss;
  if (!Object.hasOwn(factories, loss)) {
    throw new UnknownNameError('loss', loss, Object.keys(factories));
  }
  return factories[loss]({ fromLogits: config.fromLogits === true });
}
