import { ShapeError, ValueError } from '../core/errors.js';
import { formatShape } from '../core/shape.js';

/** One of the classes that a network holds most likely. */
export interface DecodedPrediction {
  /** Number of the class. */
  readonly index: number;
  /** Its name. */
  readonly className: string;
  /** What the network gave for it, such as its probability. */
  readonly score: number;
}

/**
 * `keras.applications.….decode_predictions`: the classes with the highest scores of each sample, highest
 * first. Keras downloads ImageNet's list of classes for it; here the caller brings the names of his
 * classes, in their order, so that nothing is downloaded and any data set will do.
 * @param predictions scores `[N, classes]`, as `predict` gives them.
 * @throws {ShapeError} when they are no matrix. @throws {ValueError} when the names do not fit or `top` is
 * no count.
 */
export function decodePredictions(
  predictions: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  options: { classNames: readonly string[]; top?: number },
): DecodedPrediction[][] {
  const { data, shape } = predictions;
  const { classNames, top = 5 } = options;
  if (shape.length !== 2 || data.length !== shape[0] * shape[1]) {
    throw new ShapeError(
      `decodePredictions needs predictions [samples, classes], got shape ${formatShape(shape)} with ${data.length} values`,
    );
  }
  const [samples, classes] = shape;
  if (classNames?.length !== classes) {
    throw new ValueError(
      `decodePredictions needs the names of all ${classes} classes as classNames, got ${classNames?.length ?? 'none'}`,
    );
  }
  if (!Number.isInteger(top) || top < 1) {
    throw new ValueError(`decodePredictions: top must be an integer ≥ 1, got ${top}`);
  }
  return Array.from({ length: samples }, (_, sample) =>
    classNames
      .map((className, index) => ({ index, className, score: data[sample * classes + index] }))
      .sort((a, b) => b.score - a.score)
      .slice(0, top),
  );
}
