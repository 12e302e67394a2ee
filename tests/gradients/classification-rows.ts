import { crossentropy, softmaxCrossentropy } from '../../src/ops/crossentropy.js';
import { softmax } from '../../src/ops/softmax.js';
import { classIndices, type GradientRow, normal, probabilities } from './gradient-row.js';

const [rows, classes] = [4, 5];
const labelKinds = [
  { sparse: false, kind: 'dense labels', labels: probabilities('labels', rows, classes) },
  { sparse: true, kind: 'class indices', labels: classIndices('labels', rows, classes) },
];

/** Softmax and the losses of classification. */
export const classificationRows: readonly GradientRow[] = [
  {
    title: 'softmax',
    ops: ['softmax'],
    operands: { x: normal('x', [3, 2, 5]) },
    build: ({ x }) => softmax(x),
  },
  ...labelKinds.flatMap(({ sparse, kind, labels }): GradientRow[] => [
    {
      title: `softmaxCrossentropy, ${kind}`,
      ops: ['softmaxCrossentropy'],
      operands: { logits: normal('logits', [rows, classes]) },
      constants: { labels },
      build: (v) => softmaxCrossentropy(v.logits, v.labels, sparse),
    },
    {
      title: `crossentropy, ${kind}`,
      ops: ['crossentropy'],
      operands: { p: probabilities('p', rows, classes) },
      constants: { labels },
      build: (v) => crossentropy(v.p, v.labels, sparse),
    },
    {
      title: `softmax before crossentropy, ${kind}, fused`,
      ops: ['softmax', 'crossentropy'],
      operands: { logits: normal('logits', [rows, classes]) },
      constants: { labels },
      forward: ['softmaxCrossentropy'],
      build: (v) => crossentropy(softmax(v.logits), v.labels, sparse),
    },
  ]),
];
