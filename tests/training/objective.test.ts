import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  createReferenceExecutor,
  dense,
  huber,
  input,
  type LossLike,
  Model,
  UnknownNameError,
  ValueError,
} from '../../src/node.js';
import { denseModel, samples } from './small-models.js';

const on = createReferenceExecutor();
const [x, y] = samples(6, [4]);

suite('what is no loss or weight', () => {
  const wrong: [what: string, loss: unknown, message: RegExp][] = [
    ['an option out of range', { name: 'huber', delta: 0 }, /delta must be a finite number > 0/],
    ['an option that there is not', { name: 'mse', delta: 1 }, /mse has no option 'delta'/],
    ['too much smoothing', { name: 'categoricalCrossentropy', labelSmoothing: 2 }, /from 0 to 1/],
    ['a flag that is none', { name: 'binaryCrossentropy', fromLogits: 1 }, /true or false/],
    ['a negative focus', { name: 'categoricalFocalCrossentropy', gamma: -1 }, /gamma must be/],
  ];
  for (const [what, loss, message] of wrong) {
    test(what, () => {
      assert.throws(
        () => denseModel().compile({ loss: loss as LossLike, on }),
        (error: Error) => error instanceof ValueError && message.test(error.message),
      );
    });
  }

  test('an unknown name', () => {
    const loss = { name: 'focal' };
    assert.throws(() => denseModel().compile({ loss, on }), UnknownNameError);
    assert.throws(() => huber({ delta: Number.NaN }), ValueError);
  });

  test('weights that do not fit', async () => {
    const model = denseModel();
    model.compile({ loss: 'categoricalCrossentropy', on });
    const fit = (options: object) => model.fit(x, y, { verbose: false, ...options });
    await assert.rejects(fit({ sampleWeight: [1, 2] }), /2 weights for 6 samples/);
    await assert.rejects(fit({ sampleWeight: Array(6).fill(Number.NaN) }), /sampleWeight\[0\]/);
    await assert.rejects(fit({ classWeight: { cat: 1 } }), /by class index.* got cat/);
    await assert.rejects(fit({ classWeight: { 99: 1 } }), /weight for class 99, but .* from 0 to/);
    const both = { classWeight: { 0: 1 }, sampleWeight: Array(6).fill(1) };
    await assert.rejects(fit(both), /cannot both be given/);
  });
});

test('accuracy of a single prediction is on which side of ½ it lies', async () => {
  const inputs = input({ shape: [1] });
  const model = new Model({ inputs, outputs: dense({ units: 1, activation: 'sigmoid' })(inputs) });
  model.weights[0].write([1]);
  model.compile({ loss: 'binaryCrossentropy', metrics: ['accuracy'], on });
  const values = { data: Float32Array.of(-3, 2, 1, -1), shape: [4, 1] };
  const labels = { data: Uint8Array.of(0, 1, 0, 0), shape: [4] };
  assert.equal((await model.evaluate(values, labels)).accuracy, 0.75);
});
