import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePredictions } from './decode-predictions.js';
import { preprocessInput } from './preprocess-input.js';

const image = { data: Uint8Array.of(0, 128, 255, 7, 1, 200), shape: [1, 2, 3] };

/** What keras.applications.imagenet_utils.preprocess_input gives for the image (Keras 3.15.1). */
const wanted = {
  caffe: [
    151.06100463867188, 11.221000671386719, -123.68000030517578, 96.06099700927734,
    -115.77899932861328, -116.68000030517578,
  ],
  tf: [-1, 0.003921627998352051, 1, -0.9450980424880981, -0.9921568632125854, 0.5686274766921997],
  torch: [
    -2.1179039478302, 0.20518219470977783, 2.640000104904175, -1.998030662536621,
    -2.018207311630249, 1.6813944578170776,
  ],
} as const;

for (const mode of ['caffe', 'tf', 'torch'] as const) {
  test(`pixels become what Keras makes of them: ${mode}`, () => {
    const { data, shape } = preprocessInput(image, { mode });
    assert.deepEqual(shape, image.shape);
    assert.deepEqual([...data], wanted[mode]);
    assert.deepEqual([...image.data], [0, 128, 255, 7, 1, 200]);
  });
}

test('refuses other channels and modes', () => {
  assert.throws(() => preprocessInput({ data: [1], shape: [1, 1] }), /\[\.\.\., 3\]/);
  assert.throws(() => preprocessInput(image, { mode: 'onnx' as 'tf' }), /unknown mode .*'onnx'/);
});

test('the most likely classes come first', () => {
  const predictions = { data: [0.1, 0.7, 0.2, 0.5, 0.2, 0.3], shape: [2, 3] };
  const classNames = ['cat', 'dog', 'owl'];
  assert.deepEqual(decodePredictions(predictions, { classNames, top: 2 }), [
    [
      { index: 1, className: 'dog', score: 0.7 },
      { index: 2, className: 'owl', score: 0.2 },
    ],
    [
      { index: 0, className: 'cat', score: 0.5 },
      { index: 2, className: 'owl', score: 0.3 },
    ],
  ]);
  assert.throws(() => decodePredictions(predictions, { classNames: ['cat'] }), /names of all 3/);
  assert.throws(() => decodePredictions(predictions, { classNames, top: 0 }), /top must be/);
  assert.throws(
    () => decodePredictions({ data: [1], shape: [1] }, { classNames }),
    /\[samples, classes\]/,
  );
});
