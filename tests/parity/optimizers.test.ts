import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createReferenceExecutor,
  type Executor,
  type OptimizerName,
  resolveOptimizer,
} from '../../src/node.js';
import { buildNetwork, compileOptions } from './build-network.js';
import { type FixtureDescription, readFixture, samples, values } from './fixture.js';
import { relativeError } from './relative-error.js';

interface OptimizerCase {
  optimizer: OptimizerName;
  options: Record<string, unknown>;
  losses: number[];
}

/** ‖ours − truth‖₂ / ‖change of the weight‖₂; the truth is Keras in float64. */
const TOLERANCES = { float64: 1e-6, cpu: 1e-4 };
/** Weights are read as float32: of their own size, so much is lost. */
const ROUNDING = 2 ** -24;

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

const fixture = await readFixture('optimizers');
const { cases, ...description } = fixture.description as FixtureDescription & {
  cases: Record<string, OptimizerCase>;
};
const data = [samples(fixture, 'input/input'), samples(fixture, 'target/fc')] as const;

async function train({ optimizer, options }: OptimizerCase, steps: number, on?: Executor) {
  const model = buildNetwork(description);
  for (const { entry, variable } of model.namedVariables) {
    variable.write(Float32Array.from(values(fixture, `weight/${entry}`)));
  }
  const { loss } = compileOptions(description);
  const executor = on === undefined ? { replicas: 2, gemm: 'wasm' as const } : { on };
  model.compile({ loss, optimizer: resolveOptimizer(optimizer, options), ...executor });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await model.trainOnBatch(...data)).loss);
  const weights = new Map<string, Float32Array>();
  for (const { entry, variable } of model.namedVariables) weights.set(entry, await variable.read());
  const { slots } = await model.optimizerState();
  await model.dispose();
  return { losses, weights, averages: slots.get('average') };
}

for (const [name, row] of Object.entries(cases)) {
  for (const [executor, tolerance] of Object.entries(TOLERANCES)) {
    test(`as in Keras: ${name}, ${executor}`, async () => {
      const on =
        executor === 'cpu'
          ? undefined
          : createReferenceExecutor({ precision: 'float64', replicas: 3 });
      const run = await train(row, row.losses.length, on);
      assert.ok(relativeError(run.losses, row.losses) <= tolerance, 'losses');
      let compared = 0;
      for (const tensor of fixture.tensors.keys()) {
        const [group, kind, ...rest] = tensor.split('/');
        if (group !== name) continue;
        const entry = rest.join('/');
        const found = kind === 'average' ? run.averages?.get(entry) : run.weights.get(entry);
        const truth = values(fixture, tensor);
        const start = values(fixture, `weight/${entry}`);
        const distance = norm(truth.map((value, i) => value - (found?.[i] ?? Number.NaN)));
        const change = norm(truth.map((value, i) => value - start[i]));
        const bound = tolerance * change + ROUNDING * norm(truth);
        assert.ok(distance <= bound, `${tensor}: off by ${distance} > ${bound}, change ${change}`);
        compared++;
      }
      assert.ok(compared >= 9);
    });
  }
}
