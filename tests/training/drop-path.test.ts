import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReferenceExecutor, dense, dropPath, input, Model, sgd } from '../../src/node.js';
import { normals } from '../conformance/test-data.js';

const SAMPLES = 400;
const RATE = 0.3;

/** The outputs of a drop-path layer in a step of training, with the gradient with respect to its input. */
async function step(on = createReferenceExecutor()) {
  const inputs = input({ shape: [2, 3] });
  const branch = dense({ units: 3, useBias: false, name: 'branch' })(inputs);
  const outputs = dropPath({ rate: RATE, name: 'drop' })(branch);
  const model = new Model({ inputs, outputs });
  model.compile({ loss: 'mse', optimizer: sgd({ learningRate: 0 }), on });
  const x = { data: normals('drop-path', SAMPLES * 6), shape: [SAMPLES, 2, 3] };
  const probe = await model.probe(x, x, { layers: ['branch', 'drop'] });
  const { data: inference } = await model.predict(x);
  await model.dispose();
  const of = (name: string) => probe.layers.get(name)?.activation ?? new Float32Array();
  const gradient = (name: string) => probe.layers.get(name)?.gradient ?? new Float32Array();
  return { of, gradient, inference };
}

test('drops whole samples at its rate, in the gradient too, and nothing in inference', async () => {
  const { of, gradient, inference } = await step();
  const scale = Math.fround(1 / (1 - RATE));
  let dropped = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = (values: Float32Array) => [...values.subarray(sample * 6, sample * 6 + 6)];
    const factor = at(of('drop'))[0] === 0 ? 0 : scale;
    if (factor === 0) dropped++;
    at(of('branch')).forEach((value, i) => {
      assert.ok(Math.abs(at(of('drop'))[i] - factor * value) <= 1e-6 * Math.abs(value));
    });
    at(gradient('drop')).forEach((value, i) => {
      const error = Math.abs(at(gradient('branch'))[i] - factor * value);
      assert.ok(error <= 1e-6 * Math.abs(value));
    });
  }
  // Five standard deviations of a binomial count.
  const spread = 5 * Math.sqrt(SAMPLES * RATE * (1 - RATE));
  assert.ok(Math.abs(dropped - SAMPLES * RATE) < spread, `${dropped} of ${SAMPLES}`);
  assert.deepEqual(inference, of('branch'));
});

test('replicas drop the same samples', async () => {
  const [one, three] = [await step(), await step(createReferenceExecutor({ replicas: 3 }))];
  assert.deepEqual(three.of('drop'), one.of('drop'));
});
