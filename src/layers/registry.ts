import { FormatError, UnknownNameError } from '../core/errors.js';
import { Activation } from './activation.js';
import { Add } from './add.js';
import { AveragePooling2D } from './average-pooling2d.js';
import { BatchNormalization } from './batch-normalization.js';
import { Concatenate } from './concatenate.js';
import { Conv2D } from './conv2d.js';
import { Dense } from './dense.js';
import { DropPath } from './drop-path.js';
import { Dropout } from './dropout.js';
import { Flatten } from './flatten.js';
import { GlobalAveragePooling2D } from './global-average-pooling2d.js';
import { GlobalMaxPooling2D } from './global-max-pooling2d.js';
import { InputLayer } from './input-layer.js';
import { Lambda, type LambdaFunction } from './lambda.js';
import type { Layer, LayerConfig, LayerOptions } from './layer.js';
import { MaxPooling2D } from './max-pooling2d.js';
import { Multiply } from './multiply.js';
import { ReLU } from './re-lu.js';
import { Reshape } from './reshape.js';
import { Softmax } from './softmax.js';
import { Subtract } from './subtract.js';
import { ZeroPadding2D } from './zero-padding2d.js';

/** Functions for the lambda layers of a file, by layer name. */
export type LambdaFunctions = Readonly<Record<string, LambdaFunction>>;

// Constructors check every option at run time, so configs from files need no check of their own.
const classes = new Map<string, new (options: never) => Layer>(
  Object.entries({
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DropPath,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    InputLayer,
    MaxPooling2D,
    Multiply,
    ReLU,
    Reshape,
    Softmax,
    Subtract,
    ZeroPadding2D,
  }),
);

function lambdaFromConfig(options: LayerOptions, lambdas: LambdaFunctions): Lambda {
  const name = options.name ?? '';
  if (Object.hasOwn(lambdas, name)) return new Lambda(lambdas[name], options);
  throw new FormatError(
    `lambda layer '${name}' has no function in the file; hand it in by name, as in { lambdas: { '${name}': (x) => … } }`,
  );
}

/**
 * Makes a layer from its description in a file. Only the classes of this library can be named, and
 * nothing from the description is executed.
 * @param options what every layer takes: name and whether it is trainable.
 * @throws {UnknownNameError} for an unknown class or option. @throws {ValueError} for options out of range.
 * @throws {FormatError} for a lambda whose function is not among `lambdas`.
 */
export function layerFromConfig(
  className: string,
  config: LayerConfig,
  options: LayerOptions = {},
  lambdas: LambdaFunctions = {},
): Layer {
  if (className === 'Lambda') return lambdaFromConfig(options, lambdas);
  const layerClass = classes.get(className);
  if (layerClass === undefined) {
    throw new UnknownNameError('layer', className, [...classes.keys(), 'Lambda']);
  }
  const layer = new layerClass({ ...config, ...options } as never);
  const known = Object.keys(layer.getConfig());
  for (const key of Object.keys(config)) {
    if (!known.includes(key)) throw new UnknownNameError(`option of ${className}`, key, known);
  }
  return layer;
}
