import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import { lowerToKernel, type OpDefinition, type Value } from './ir.js';

interface CrossentropyAttributes {
  /** Labels are class indices instead of probabilities. */
  sparse: boolean;
}

function checkLabels(predictions: Shape, labels: Shape, sparse: boolean): void {
  const [rows, classes] = predictions;
  const fits =
    predictions.length === 2 &&
    labels[0] === rows &&
    (sparse ? sizeOf(labels.slice(1)) === 1 : labels.length === 2 && labels[1] === classes);
  if (!fits) {
    const wanted = sparse ? 'one class index a sample' : 'the shape of the predictions';
    throw new ShapeError(
      `cross-entropy got predictions ${formatShape(predictions)} and labels ${formatShape(labels)}; it needs predictions [N, classes] and labels of ${wanted}`,
    );
  }
}

function classAttributes(predictions: Value, { sparse }: CrossentropyAttributes) {
  return { rows: predictions.shape[0], classes: predictions.shape[1], sparse };
}

/**
 * loss `[N]` = −Σ labels · log softmax(logits). Of the optional operand `probabilities`, which is that
 * softmax, the loss takes only the name: its gradient is that of `crossentropy`.
 */
export const softmaxCrossentropyOp: OpDefinition<CrossentropyAttributes> = {
  name: 'softmaxCrossentropy',
  infer({ logits, labels }, { sparse }) {
    checkLabels(logits, labels, sparse);
    return { loss: [logits[0]] };
  },
  gradient({ graph, inputs: { logits, labels, probabilities }, douts, attributes, needs }) {
    const dloss = douts.loss;
    const operands = { logits, labels, dloss };
    return {
      ...(needs('probabilities') && {
        probabilities: graph.add(
          crossentropyGradientOp,
          { probabilities, labels, dloss },
          attributes,
        ).dprobabilities,
      }),
      logits: graph.add(softmaxCrossentropyGradientOp, operands, attributes).dlogits,
    };
  },
  lower(scope) {
    const { logits, labels } = scope.inputs;
    const attributes = classAttributes(logits, scope.attributes);
    scope.call('softmaxCrossentropy', { logits, labels }, scope.outputs, attributes);
  },
};

const softmaxCrossentropyGradientOp: OpDefinition<CrossentropyAttributes> = {
  name: 'softmaxCrossentropyGradient',
  infer: ({ logits }) => ({ dlogits: logits }),
  lower(scope) {
    const attributes = classAttributes(scope.inputs.logits, scope.attributes);
    lowerToKernel(scope, 'softmaxCrossentropyGradient', attributes);
  },
};

/** loss `[N]` = −Σ labels · log p, with p normalised and clipped as Keras does. */
export const crossentropyOp: OpDefinition<CrossentropyAttributes> = {
  name: 'crossentropy',
  infer({ probabilities, labels }, { sparse }) {
    checkLabels(probabilities, labels, sparse);
    return { loss: [probabilities[0]] };
  },
  gradient({ graph, inputs: { probabilities, labels }, douts, attributes }) {
    const operands = { probabilities, labels, dloss: douts.loss };
    return {
      probabilities: graph.add(crossentropyGradientOp, operands, attributes).dprobabilities,
    };
  },
  lower(scope) {
    const attributes = classAttributes(scope.inputs.probabilities, scope.attributes);
    lowerToKernel(scope, 'crossentropy', attributes);
  },
};

const crossentropyGradientOp: OpDefinition<CrossentropyAttributes> = {
  name: 'crossentropyGradient',
  infer: ({ probabilities }) => ({ dprobabilities: probabilities }),
  lower(scope) {
    const attributes = classAttributes(scope.inputs.probabilities, scope.attributes);
    lowerToKernel(scope, 'crossentropyGradient', attributes);
  },
};

/** Cross-entropy `[N]` of logits `[N, classes]` with labels `[N, classes]`, or `[N]` when sparse. */
export function softmaxCrossentropy(logits: Value, labels: Value, sparse: boolean): Value {
  return logits.graph.add(softmaxCrossentropyOp, { logits, labels }, { sparse }).loss;
}

/** Cross-entropy `[N]` of probabilities `[N, classes]` with labels, as in Keras. */
export function crossentropy(probabilities: Value, labels: Value, sparse: boolean): Value {
  return probabilities.graph.add(crossentropyOp, { probabilities, labels }, { sparse }).loss;
}
