import type { Value } from '../../ops/ir.js';
import { mean } from '../../ops/reduce.js';
import type { Loss } from '../loss.js';

/** Mean over the values of every sample: `[N, ...]` → `[N]`. */
export function sampleMean(values: Value): Value {
  const axes = values.shape.map((_, axis) => axis).slice(1);
  return axes.length === 0 ? values : mean(values, axes);
}

/** A loss whose targets have the shape of the predictions, as the mean over a sample's values. */
export function elementwiseLoss(
  name: string,
  config: Readonly<Record<string, unknown>>,
  emit: (predictions: Value, targets: Value) => Value,
): Loss {
  return {
    name,
    sparse: false,
    targetShape: (prediction) => prediction,
    emit: (predictions, targets) => sampleMean(emit(predictions, targets)),
    getConfig: () => ({ ...config }),
  };
}
