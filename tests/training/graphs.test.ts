import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  activation,
  add,
  batchNormalization,
  clearNames,
  createReferenceExecutor,
  dense,
  dropout,
  type ExecutorOptions,
  flatten,
  input,
  type LambdaFunction,
  type Layer,
  lambda,
  Model,
  ops,
  type SampleArray,
  sgd,
  type Value,
} from '../../src/node.js';
import { assertClose } from '../conformance/compare-results.js';
import { normals } from '../conformance/test-data.js';
import { CLASSES, samples, weightsOf } from './small-models.js';

/** Largest relative L2 distance from the float64 reference. */
const TOLERANCE = 1e-5;
const COUNT = 7;
const loss = 'categoricalCrossentropy';
const cpu: ExecutorOptions = { executor: 'cpu', replicas: 2, gemm: 'wasm' };

const [features, labels] = samples(COUNT, [4]);
const others: SampleArray = { data: normals('others', COUNT * 4), shape: [COUNT, 4] };
const numbers: SampleArray = { data: normals('numbers', COUNT * 2), shape: [COUNT, 2] };

interface Run {
  loss: number;
  figures: Record<string, number>;
  arrays: Map<string, Float32Array>;
}

/** One step of training on a model: figures, gradients and new weights. */
async function step(
  model: Model,
  x: SampleArray[],
  y: SampleArray[],
  options: Parameters<Model['compile']>[0],
): Promise<Run> {
  model.compile({ optimizer: sgd({ learningRate: 0.1 }), ...options });
  const figures = await model.trainOnBatch(x, y);
  const arrays = await weightsOf(model);
  for (const [name, values] of await model.gradients()) arrays.set(`gradient of ${name}`, values);
  await model.dispose();
  return { loss: figures.loss, figures, arrays };
}

function assertSame(actual: Run, expected: Run): void {
  assert.deepEqual([...actual.arrays.keys()], [...expected.arrays.keys()]);
  for (const [label, values] of expected.arrays) {
    const options = { compare: 'relative', tolerance: TOLERANCE, label } as const;
    assertClose(actual.arrays.get(label) ?? [], values, options);
  }
  const options = { compare: 'relative', tolerance: TOLERANCE, label: 'loss' } as const;
  assertClose([actual.loss], [expected.loss], options);
}

const exact = () => ({ on: createReferenceExecutor({ precision: 'float64' }) });

/** Two inputs that pass the same dense layer and the same normalisation, and are added. */
function siameseModel(): Model {
  clearNames();
  const inputs = [input({ shape: [4], name: 'left' }), input({ shape: [4], name: 'right' })];
  const shared = dense({ units: 5, name: 'shared' });
  const norm = batchNormalization({ name: 'norm', momentum: 0.5 });
  const [left, right] = inputs.map((x) => norm(shared(x)));
  const y = activation('relu')(add()([left, right]));
  const outputs = dense({ units: CLASSES, activation: 'softmax', name: 'head' })(y);
  return new Model({ inputs, outputs, name: 'siamese' });
}

test('shared layers add up their gradients and move their statistics call by call', async () => {
  const data = [[features, others], [labels]] as const;
  const expected = await step(siameseModel(), [...data[0]], [...data[1]], { loss, ...exact() });
  const actual = await step(siameseModel(), [...data[0]], [...data[1]], { loss, ...cpu });
  assertSame(actual, expected);

  const model = siameseModel();
  const [kernel, bias] = model.getLayer('shared').weights.map(({ hostValue }) => hostValue);
  const meanOf = ({ data: x }: SampleArray) =>
    Float32Array.from(bias, (shift, c) => {
      let sum = 0;
      for (let n = 0; n < COUNT; n++) {
        for (let k = 0; k < 4; k++) sum += x[4 * n + k] * kernel[5 * k + c];
      }
      return shift + sum / COUNT;
    });
  const right = meanOf(others);
  // First 0.5 · 0 + 0.5 · left, then 0.5 · that + 0.5 · right.
  const moved = meanOf(features).map((mean, c) => 0.25 * mean + 0.5 * right[c]);
  assertClose(expected.arrays.get('norm/movingMean') ?? [], moved, {
    compare: 'relative',
    tolerance: TOLERANCE,
    label: 'moving mean',
  });
});

/** Two inputs, and two outputs that share a trunk. */
function forkedModel(): Model {
  clearNames();
  const a = input({ shape: [4], name: 'a' });
  const b = input({ shape: [4], name: 'b' });
  const trunk = dense({ units: 5, activation: 'tanh', name: 'trunk' })(add()([a, b]));
  const kind = dense({ units: CLASSES, activation: 'softmax', name: 'kind' })(trunk);
  const place = dense({ units: 2, name: 'place' })(trunk);
  return new Model({ inputs: [a, b], outputs: [kind, place], name: 'forked' });
}

test('several inputs and outputs: the loss is the weighted sum, in order and by name', async () => {
  const x = [features, others];
  const y = [labels, numbers];
  const byName = {
    loss: { kind: loss, place: 'mse' },
    lossWeights: { kind: 0.25, place: 3 },
    metrics: { kind: ['accuracy'] },
  } as const;
  const expected = await step(forkedModel(), x, y, { ...byName, ...exact() });
  const { kind_loss, place_loss } = expected.figures;
  assert.deepEqual(Object.keys(expected.figures), [
    'loss',
    'kind_loss',
    'kind_accuracy',
    'place_loss',
  ]);
  assert.ok(Math.abs(expected.loss - (0.25 * kind_loss + 3 * place_loss)) < 1e-12);
  assertSame(await step(forkedModel(), x, y, { ...byName, ...cpu }), expected);
  const inOrder = { loss: [loss, 'mse'] as const, lossWeights: [0.25, 3] };
  assertSame(await step(forkedModel(), x, y, { ...inOrder, ...cpu }), expected);

  const model = forkedModel();
  model.compile({ ...byName, ...cpu });
  const all = await model.predictAll(x, { batchSize: 3 });
  assert.deepEqual(
    all.map(({ shape }) => shape),
    [
      [COUNT, CLASSES],
      [COUNT, 2],
    ],
  );
  await assert.rejects(model.predict(x), { code: 'E_GRAPH' });
  await model.dispose();
});

function modelOf(...layers: Layer[]): Model {
  const inputs = input({ shape: [4], name: 'features' });
  const outputs = layers.reduce((tensor, layer) => layer(tensor), inputs);
  return new Model({ inputs, outputs, name: 'row' });
}

test('a loss function of the user is the built-in of the same operations, bit for bit', async () => {
  const make = () => modelOf(dense({ units: 2, activation: 'sigmoid', name: 'head' }));
  const squares = (p: Value, t: Value): Value => ops.mean(ops.square(ops.subtract(p, t)), [1]);
  const actual = await step(make(), [features], [numbers], { loss: squares, ...cpu });
  const expected = await step(make(), [features], [numbers], { loss: 'mse', ...cpu });
  assert.deepEqual(actual, expected);
});

test('a lambda of the library’s operations differentiates', async () => {
  const swish: LambdaFunction = (x) => ops.multiply(x, ops.sigmoid(x));
  const make = () =>
    modelOf(
      dense({ units: 6, name: 'hidden' }),
      lambda(swish, { name: 'swish' }),
      dense({ units: CLASSES, activation: 'softmax', name: 'head' }),
    );
  const expected = await step(make(), [features], [labels], { loss, ...exact() });
  assertSame(await step(make(), [features], [labels], { loss, ...cpu }), expected);
  const gradient = expected.arrays.get('gradient of hidden/kernel') ?? [];
  assert.ok(gradient.some((value) => value !== 0));
});

test('a model inside a model trains, and freezes as a whole', async () => {
  const make = (trainable: boolean) => {
    const part = modelOf(dense({ units: 3, name: 'inner' }), batchNormalization({ name: 'norm' }));
    part.trainable = trainable;
    return modelOf(part, dense({ units: CLASSES, activation: 'softmax', name: 'head' }));
  };
  for (const trainable of [true, false]) {
    clearNames();
    const expected = await step(make(trainable), [features], [labels], { loss, ...exact() });
    clearNames();
    assertSame(await step(make(trainable), [features], [labels], { loss, ...cpu }), expected);
    const frozen = [...expected.arrays.keys()].filter((name) => name.startsWith('gradient'));
    assert.equal(frozen.length, trainable ? 6 : 2);
  }
});

test('a model that only reshapes its input predicts it', async () => {
  for (const layer of [flatten(), dropout({ rate: 0.5 }), activation('linear')]) {
    const model = modelOf(layer);
    model.compile({ loss: 'mse', ...cpu });
    assert.deepEqual((await model.predict(features, { batchSize: 3 })).data, features.data);
    await model.dispose();
  }
});
