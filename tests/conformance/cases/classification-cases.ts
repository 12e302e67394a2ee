import { batch, type KernelCase } from '../kernel-case.js';
import { distributions, integers, normals, positives } from '../test-data.js';

const matrices = [
  [0, 10],
  [1, 1],
  [1, 10],
  [5, 3],
  [7, 10],
  [3, 64],
  [2, 1000],
];

function logits(rows: number, classes: number): Float32Array {
  const values = normals(`logits ${rows} ${classes}`, rows * classes);
  // Large logits overflow unless they are shifted.
  return values.map((value, i) => (Math.floor(i / classes) === 1 ? 40 * value + 300 : 3 * value));
}

function labels(rows: number, classes: number, sparse: boolean): Float32Array {
  return sparse
    ? integers(`labels ${rows} ${classes}`, rows, classes)
    : distributions(`labels ${rows} ${classes}`, rows, classes);
}

/** Positive, but not normalized: Keras divides probabilities by their sum. */
function scores(rows: number, classes: number): Float32Array {
  const values = positives(`scores ${rows} ${classes}`, rows * classes);
  if (rows > 2) {
    // A row that is certain of one class, whose logarithms are clipped.
    values.fill(0, 2 * classes, 3 * classes);
    values[2 * classes] = 1;
  }
  return values;
}

const classRows = matrices.flatMap(([rows, classes]) =>
  [true, false].map((sparse) => ({
    title: `${rows}×${classes}, ${sparse ? 'class indices' : 'probabilities'}`,
    attributes: () => ({ rows, classes, sparse }),
    rows,
    classes,
    labels: batch(labels(rows, classes, sparse)),
    dloss: batch(normals('dloss', rows)),
  })),
);

/** Rows that add up to 1. */
export const softmaxCases = matrices.map(
  ([rows, channels]): KernelCase<'softmax'> => ({
    title: `${rows}×${channels}`,
    attributes: () => ({ rows, channels }),
    reads: { x: batch(logits(rows, channels)) },
  }),
);

/** dx from y and dy. */
export const softmaxGradientCases = matrices.map(
  ([rows, channels]): KernelCase<'softmaxGradient'> => ({
    title: `${rows}×${channels}`,
    attributes: () => ({ rows, channels }),
    reads: {
      // Sums that are not exactly 1 keep dx away from 0, where only rounding would be compared.
      y: batch(positives('softmax y', rows * channels)),
      dy: batch(normals('softmax dy', rows * channels)),
    },
  }),
);

/** Loss of logits. */
export const softmaxCrossentropyCases = classRows.map(
  ({ title, attributes, rows, classes, labels }): KernelCase<'softmaxCrossentropy'> => ({
    title,
    attributes,
    reads: { logits: batch(logits(rows, classes)), labels },
  }),
);

/** Its gradient. */
export const softmaxCrossentropyGradientCases = classRows.map(
  ({
    title,
    attributes,
    rows,
    classes,
    labels,
    dloss,
  }): KernelCase<'softmaxCrossentropyGradient'> => ({
    title,
    attributes,
    reads: { logits: batch(logits(rows, classes)), labels, dloss },
  }),
);

/** Loss of probabilities. */
export const crossentropyCases = classRows.map(
  ({ title, attributes, rows, classes, labels }): KernelCase<'crossentropy'> => ({
    title,
    attributes,
    reads: { probabilities: batch(scores(rows, classes)), labels },
  }),
);

/** Its gradient. */
export const crossentropyGradientCases = classRows.map(
  ({ title, attributes, rows, classes, labels, dloss }): KernelCase<'crossentropyGradient'> => ({
    title,
    attributes,
    reads: { probabilities: batch(scores(rows, classes)), labels, dloss },
  }),
);

/** Hits among the k largest; with ties. */
const noNumbers: KernelCase<'topKHits'> = {
  title: 'predictions that are no finite numbers, labels outside of the classes',
  attributes: () => ({ rows: 6, classes: 3, sparse: true, k: 2 }),
  reads: {
    predictions: batch(
      Float32Array.of(
        ...[Number.NaN, Number.NaN, Number.NaN],
        ...[0.5, Number.NaN, 0.1],
        ...[Number.POSITIVE_INFINITY, 0.2, 0.1],
        ...[Number.POSITIVE_INFINITY, 0.2, 0.1],
        ...[0.5, 0.4, 0.1],
        ...[0.5, 0.4, 0.1],
      ),
    ),
    labels: batch(Float32Array.of(0, 1, 0, 1, -1, 3)),
  },
  compare: 'exact',
};

/** Accuracy of the k largest. */
export const topKHitsCases = matrices
  .flatMap(([rows, classes]) =>
    [1, 2, 5].flatMap((k) =>
      [true, false].map(
        (sparse): KernelCase<'topKHits'> => ({
          title: `${rows}×${classes}, k ${k}, ${sparse ? 'class indices' : 'probabilities'}`,
          attributes: () => ({ rows, classes, sparse, k }),
          reads: {
            predictions: batch(integers(`predictions ${rows} ${classes}`, rows * classes, 4)),
            labels: batch(labels(rows, classes, sparse)),
          },
          compare: 'exact',
        }),
      ),
    ),
  )
  .concat(noNumbers);
