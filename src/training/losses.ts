import { UnknownNameError, ValueError } from '../core/errors.js';
import { type NamedOptions, optionsOf, requireKnownOptions } from '../core/named-options.js';
import type { Value } from '../ops/ir.js';
import { reshape } from '../ops/reshape.js';
import type { Loss } from './loss.js';
import { binaryCrossentropy, binaryFocalCrossentropy } from './losses/binary-crossentropy.js';
import { categoricalCrossentropy, sparseCategoricalCrossentropy } from './losses/crossentropy.js';
import { categoricalFocalCrossentropy } from './losses/focal-crossentropy.js';
import {
  hinge,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  squaredHinge,
} from './losses/regression.js';

/** Names of the built-in losses. */
export type LossName =
  | 'binaryCrossentropy'
  | 'binaryFocalCrossentropy'
  | 'categoricalCrossentropy'
  | 'categoricalFocalCrossentropy'
  | 'hinge'
  | 'huber'
  | 'mae'
  | 'meanAbsoluteError'
  | 'meanSquaredError'
  | 'mse'
  | 'sparseCategoricalCrossentropy'
  | 'squaredHinge';

/**
 * A loss by name, with options if wished (`{ name, …options }`, as in JSON), as an object, or as a function
 * over the library's ops that gives `[N]`.
 */
export type LossLike =
  | LossName
  | Loss
  | NamedOptions
  | ((predictions: Value, targets: Value) => Value);

interface Row {
  readonly options: readonly string[];
  /** Every factory checks its options itself. */
  make(options: Readonly<Record<string, unknown>>): Loss;
}

const CROSSENTROPY = ['fromLogits', 'labelSmoothing'];
const rows: Readonly<Record<LossName, Row>> = {
  binaryCrossentropy: { options: CROSSENTROPY, make: binaryCrossentropy },
  binaryFocalCrossentropy: {
    options: [...CROSSENTROPY, 'applyClassBalancing', 'alpha', 'gamma'],
    make: binaryFocalCrossentropy,
  },
  categoricalCrossentropy: { options: CROSSENTROPY, make: categoricalCrossentropy },
  categoricalFocalCrossentropy: {
    options: [...CROSSENTROPY, 'alpha', 'gamma'],
    make: categoricalFocalCrossentropy,
  },
  hinge: { options: [], make: hinge },
  huber: { options: ['delta'], make: huber },
  mae: { options: [], make: meanAbsoluteError },
  meanAbsoluteError: { options: [], make: meanAbsoluteError },
  meanSquaredError: { options: [], make: meanSquaredError },
  mse: { options: [], make: meanSquaredError },
  sparseCategoricalCrossentropy: { options: CROSSENTROPY, make: sparseCategoricalCrossentropy },
  squaredHinge: { options: [], make: squaredHinge },
};

/**
 * The loss that a user names.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options that it does not
 * have, or out of range.
 */
export function resolveLoss(loss: LossLike, config: Readonly<Record<string, unknown>> = {}): Loss {
  if (typeof loss === 'function') return ownLoss(loss);
  if (typeof loss === 'string') {
    if (!Object.hasOwn(rows, loss)) throw new UnknownNameError('loss', loss, Object.keys(rows));
    requireKnownOptions(loss, config, rows[loss].options);
    return rows[loss].make(config);
  }
  if (typeof loss.emit === 'function') return loss as Loss;
  const named = loss as NamedOptions;
  return resolveLoss(named.name as LossName, optionsOf(named));
}

function ownLoss(loss: (predictions: Value, targets: Value) => Value): Loss {
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
