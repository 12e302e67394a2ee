import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  createReferenceExecutor,
  dense,
  type FitOptions,
  input,
  type LossName,
  lambda,
  Model,
  ops,
  resolveLoss,
  sgd,
} from '../../src/node.js';
import { relativeError } from './relative-error.js';

/** A loss of the real Keras in float64, with its gradient, also with weights of samples. */
interface LossCase {
  name: string;
  options: Record<string, unknown>;
  rows: number;
  classes: number;
  predictions: number[];
  targets: number[];
  weights: number[];
  plain: { loss: number; gradient: number[] };
  weighted: { loss: number; gradient: number[] };
}

/** What `fit` of the real Keras makes of a dense layer with weights of samples or classes. */
interface FitCase {
  kind: 'class' | 'sample' | 'sample and split';
  x: number[];
  labels: number[];
  kernel: number[];
  sampleWeight: number[];
  classWeight: Record<number, number>;
  history: Record<string, number[]>;
  evaluated: number;
  after: number[];
}

const path = new URL('../../../tests/parity/fixtures/losses-keras.json', import.meta.url);
const fixture = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as {
  losses: LossCase[];
  fits: FitCase[];
};

const camelCase = (name: string) =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const array = (data: readonly number[], shape: readonly number[]) => {
  return { data: Float32Array.from(data), shape };
};

/** Values come out as float32. */
const TOLERANCE = 1e-6;
const assertClose = (ours: ArrayLike<number>, theirs: ArrayLike<number>, what: string) => {
  const error = relativeError(ours, theirs);
  assert.ok(error <= TOLERANCE, `${what}: relative error ${error}`);
};

/** A model that hands its input on, so that the gradient is with respect to predictions. */
function identity(classes: number): Model {
  const x = input({ shape: [classes] });
  return new Model({ inputs: x, outputs: lambda((v) => ops.affine(v, 1), { name: 'out' })(x) });
}

suite('losses and their gradients are those of Keras', () => {
  for (const { name, options, rows, classes, ...expected } of fixture.losses) {
    test(`${name} ${JSON.stringify(options)}`, async () => {
      const ours = (name[0].toLowerCase() + name.slice(1)) as LossName;
      const config = Object.entries(options).map(([key, value]) => [camelCase(key), value]);
      const loss = resolveLoss(ours, Object.fromEntries(config));
      assert.deepEqual(resolveLoss(ours, loss.getConfig()).getConfig(), loss.getConfig());
      const model = identity(classes);
      model.compile({ loss, on: createReferenceExecutor({ precision: 'float64' }) });
      const x = array(expected.predictions, [rows, classes]);
      const y = array(expected.targets, [rows, classes]);
      const probe = await model.probe(x, y, { layers: ['out'] });
      assertClose([probe.loss], [expected.plain.loss], 'loss');
      const gradient = probe.layers.get('out')?.gradient ?? [];
      assertClose(gradient, expected.plain.gradient, 'gradient');
      const weighted = await model.evaluate(x, y, { sampleWeight: expected.weights });
      assertClose([weighted.loss], [expected.weighted.loss], 'weighted loss');
      await model.dispose();
    });
  }

  test('labels that are class indices are smoothed as one-hot ones are', async () => {
    const { rows, classes, predictions, targets, plain } = fixture.losses[1];
    const labels = Array.from({ length: rows }, (_, row) =>
      targets.slice(row * classes, (row + 1) * classes).indexOf(1),
    );
    const model = identity(classes);
    const options = { labelSmoothing: 0.2, fromLogits: true };
    const loss = { name: 'sparseCategoricalCrossentropy', ...options };
    model.compile({ loss, on: createReferenceExecutor({ precision: 'float64' }) });
    const x = array(predictions, [rows, classes]);
    const probe = await model.probe(x, array(labels, [rows]), { layers: ['out'] });
    assertClose([probe.loss], [plain.loss], 'loss');
    assertClose(probe.layers.get('out')?.gradient ?? [], plain.gradient, 'gradient');
    await model.dispose();
  });
});

suite('weights in fit are those of Keras', () => {
  for (const { kind, ...expected } of fixture.fits) {
    for (const executor of ['reference', 'cpu'] as const) {
      test(`${kind} weights, ${executor}`, async () => {
        const classes = 4;
        const inputs = input({ shape: [3] });
        const outputs = dense({ units: classes, activation: 'softmax', name: 'd' })(inputs);
        const model = new Model({ inputs, outputs });
        const sparse = kind === 'class';
        model.compile({
          loss: sparse ? 'sparseCategoricalCrossentropy' : 'categoricalCrossentropy',
          optimizer: sgd({ learningRate: 0.5 }),
          executor,
          replicas: executor === 'cpu' ? 2 : 1,
        });
        const [kernel] = model.getLayer('d').weights;
        kernel.write(expected.kernel);
        const samples = expected.labels.length;
        const x = array(expected.x, [samples, 3]);
        const labels = { data: Uint8Array.from(expected.labels), shape: [samples] };
        const y = sparse ? labels : { ...labels, oneHot: classes };
        const { sampleWeight, classWeight } = expected;
        const options: FitOptions = {
          batchSize: 4,
          epochs: 2,
          shuffle: false,
          verbose: false,
          ...(sparse ? { classWeight } : { sampleWeight }),
          ...(kind === 'sample and split' && { validationSplit: 0.3 }),
        };
        const { history } = await model.fit(x, y, options);
        assertClose(history.loss, expected.history.loss, 'loss');
        if (kind === 'sample and split') {
          assertClose(history.valLoss, expected.history.val_loss, 'validation loss');
        }
        assertClose(await kernel.read(), expected.after, 'kernel');
        const { loss } = await model.evaluate(x, y, { batchSize: 4, sampleWeight });
        assertClose([loss], [expected.evaluated], 'evaluated loss');
        await model.dispose();
      });
    }
  }
});
