import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface TopKHitsAttributes {
  k: number;
  sparse: boolean;
}

/** hits `[N]` = 1 where the label is among the k largest predictions, else 0. */
export const topKHitsOp: OpDefinition<TopKHitsAttributes> = {
  name: 'topKHits',
  infer: ({ predictions }) => ({ hits: [predictions[0]] }),
  lower(scope) {
    const [rows, classes] = scope.inputs.predictions.shape;
    lowerToKernel(scope, 'topKHits', { rows, classes, ...scope.attributes });
  },
};

/** Whether each label is among the k largest of predictions `[N, classes]`. */
export function topKHits(predictions: Value, labels: Value, k: number, sparse: boolean): Value {
  return predictions.graph.add(topKHitsOp, { predictions, labels }, { k, sparse }).hits;
}
