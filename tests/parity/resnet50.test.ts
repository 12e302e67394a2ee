import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutorOptions } from '../../src/node.js';
import { deterministicWeight, sampleIndices, uniform } from './deterministic.js';
import { readFixture, values } from './fixture.js';
import { relativeError } from './relative-error.js';
import { runFixture } from './run-fixture.js';

/** Ours may be at most so many times the framework's own float32 error. */
const FACTOR = 2;

const executors: Record<string, ExecutorOptions> = {
  'default GEMM, 2 replicas': { replicas: 2 },
  'default GEMM, 1 replica': { replicas: 1 },
  'wasm, 2 replicas': { replicas: 2, gemm: 'wasm' },
};

for (const [title, executor] of Object.entries(executors)) {
  test(`the article's ResNet-50 is what Keras computes (${title})`, async (t) => {
    const fixture = await readFixture('resnet50');
    const { batch, losses, zeroGradient, float32LossErrors, float32Error, float32AggregateError } =
      fixture.description;
    const images = fixture.description.generatorNames?.input as string;
    const pixels = Float32Array.from(uniform(images, batch * 28 * 28), (u) => u + 0.5);
    const labels = new Float32Array(batch * 10);
    for (let i = 0; i < batch; i++) labels[i * 10 + ((i * 7) % 10)] = 1;
    const run = await runFixture(fixture, deterministicWeight, executor, {
      inputs: [{ data: pixels, shape: [batch, 28, 28, 1] }],
      targets: [{ data: labels, shape: [batch, 10] }],
    });
    losses.forEach((truth, step) => {
      const error = Math.abs(run.losses[step] - truth) / truth;
      const allowed =
        FACTOR * Math.max(float32LossErrors.keras[step], float32LossErrors.torch[step]);
      t.diagnostic(
        `loss of step ${step + 1}: error ${error.toExponential(2)}, at most ${allowed.toExponential(2)}`,
      );
      assert.ok(
        error <= Math.max(allowed, FACTOR * 2 ** -24),
        `loss of step ${step + 1}: ${error}`,
      );
    });
    const zeros = new Set(zeroGradient);
    for (const group of ['inference', 'gradient', 'step3']) {
      const ours: number[] = [];
      const truth: number[] = [];
      for (const name of fixture.tensors.keys()) {
        const [of, ...rest] = name.split('/');
        const weight = rest.join('/');
        if (of !== group || zeros.has(weight)) continue;
        const tensor = run.tensors.get(name);
        assert.ok(tensor, `${name} is missing`);
        const sampled = sampleIndices(weight, tensor.length).map((index) => tensor[index]);
        const expected = values(fixture, name);
        const own = float32Error.keras[name];
        // Adam makes visible steps of rounding where a gradient is near zero, in Keras too.
        if (group !== 'step3' && own) {
          const error = relativeError(sampled, expected);
          assert.ok(error <= FACTOR * own, `${name}: ${error} > ${FACTOR} × Keras's own ${own}`);
        }
        ours.push(...sampled);
        truth.push(...expected);
      }
      assert.ok(ours.length > 0);
      const error = relativeError(ours, truth);
      const aggregate = float32AggregateError as Record<string, Record<string, number>>;
      t.diagnostic(
        `${group}: relative L2 error ${error.toExponential(2)}; Keras in float32 ${aggregate.keras[group].toExponential(2)}, PyTorch ${aggregate.torch[group].toExponential(2)}`,
      );
      assert.ok(
        error <= FACTOR * aggregate.keras[group],
        `${group}: ${error} > ${FACTOR} × Keras's own`,
      );
    }
  });
}
