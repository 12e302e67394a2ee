import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileReplica, type StepRecipe } from '../../src/compiler/compile.js';
import { gradientEntry, layOutState } from '../../src/compiler/state-layout.js';
import type { Random } from '../../src/core/random.js';
import { affine } from '../../src/ops/affine.js';
import { batchNorm } from '../../src/ops/batch-norm.js';
import { add, multiply } from '../../src/ops/binary.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { gate } from '../../src/ops/gate.js';
import { IrGraph, type Value } from '../../src/ops/ir.js';
import { reshape } from '../../src/ops/reshape.js';
import { totalSum } from '../../src/ops/total-sum.js';
import { relu, tanh } from '../../src/ops/unary.js';
import { drawGate, type Gate, isOpen } from '../../src/plan/gate.js';
import { createReferenceExecutor } from '../../src/runtime/reference/reference-executor.js';
import { normals, randomOf } from '../conformance/test-data.js';

const SHAPE = [2, 3, 3, 2];
const GATES = [1, 2, 3].map((stream): Gate => ({ stream, rate: 0.4 }));
const STEPS = [1, 2, 3, 4, 5, 6];
const SEED = 3;
const OPERATIONS = 14;

const WEIGHTS = ['w0', 'w1', 'w2'];
const KERNELS = ['k0', 'k1'];
const KERNEL_SHAPE = [3, 3, 2, 2];
const NORM = ['gamma', 'beta'];
const STATISTICS = ['movingMean', 'movingVariance'];
const CHANNELS = [2];

const VARIABLES = [
  ...WEIGHTS.map((entry) => ({ entry, shape: SHAPE, trained: true })),
  ...KERNELS.map((entry) => ({ entry, shape: KERNEL_SHAPE, trained: true })),
  ...NORM.map((entry) => ({ entry, shape: CHANNELS, trained: true })),
  ...STATISTICS.map((entry) => ({ entry, shape: CHANNELS, trained: false })),
];

type GateRule = (x: Value, which: Gate) => Value;

/** A random graph over the weights, the same for the same key whatever gates are made of. */
function build(graph: IrGraph, key: string, gateOf: GateRule): Value {
  const random: Random = randomOf(key);
  const values = WEIGHTS.map((entry) => graph.variable(entry, SHAPE));
  const kernels = KERNELS.map((entry) => graph.variable(entry, KERNEL_SHAPE));
  const [gamma, beta, movingMean, movingVariance] = [...NORM, ...STATISTICS].map((entry) => {
    return graph.variable(entry, CHANNELS);
  });
  const normalise = (x: Value) => {
    const attributes = { epsilon: 0.1, momentum: 0.9, batchStatistics: true };
    return batchNorm({ x, gamma, beta, movingMean, movingVariance }, attributes).y;
  };
  const any = () => values[random.integer(values.length)];
  const latest = () => values[values.length - 1 - random.integer(2)];
  const makers: readonly (() => Value)[] = [
    () => add(latest(), any()),
    () => multiply(latest(), tanh(any())),
    () => tanh(latest()),
    () => relu(latest()),
    () => affine(latest(), -0.5, 0.25),
    () => reshape(reshape(latest(), [2, 18]), SHAPE),
    () => conv2d(latest(), kernels[random.integer(2)], { padding: 'same' }),
    () => gateOf(latest(), GATES[random.integer(3)]),
    () => add(any(), gateOf(latest(), GATES[random.integer(3)])),
    () => {
      const x = any();
      const inner = conv2d(tanh(x), kernels[random.integer(2)], { padding: 'same' });
      return add(x, gateOf(inner, GATES[random.integer(3)]));
    },
    () => {
      const x = any();
      const inner = normalise(conv2d(x, kernels[random.integer(2)], { padding: 'same' }));
      return relu(add(gateOf(affine(inner, 1.5), GATES[random.integer(3)]), x));
    },
  ];
  for (let i = 0; i < OPERATIONS; i++) values.push(makers[random.integer(makers.length)]());
  return totalSum(multiply(values[values.length - 1], tanh(any())), 1);
}

/** Losses and gradients at the steps; gates come from their draws, or from `states` as factors. */
async function run(key: string, steps: readonly number[], gateOf: GateRule) {
  const layout = layOutState(VARIABLES, [], 1);
  const recipe: StepRecipe = {
    name: key,
    trace(share) {
      const graph = new IrGraph(share);
      const loss = build(graph, key, gateOf);
      graph.results.push({ value: loss, name: 'loss', kind: 'scalar' });
      const trained = graph.variables.filter(({ entry }) => !STATISTICS.includes(entry));
      const weights = new Map(trained.map(({ value, entry }) => [entry, value]));
      return { graph, training: { loss, weights, update: () => undefined } };
    },
  };
  const plan = compileReplica(recipe, layout, { replica: 0, shares: [2] });
  const executor = createReferenceExecutor({ precision: 'float64' });
  await executor.allocateState(layout);
  await executor.writeState(
    new Map(
      VARIABLES.map(({ entry, shape }) => {
        return [
          entry,
          normals(
            entry,
            shape.reduce((a, b) => a * b),
          ),
        ];
      }),
    ),
  );
  const prepared = await executor.prepare([plan]);
  const names = VARIABLES.flatMap(({ entry, trained }) => (trained ? gradientEntry(entry) : []));
  const found: { loss: number; gradients: Map<string, Float32Array> }[] = [];
  for (const step of steps) {
    const { loss } = await executor.run(prepared, 0, { step, learningRate: 0, seed: SEED });
    found.push({ loss: loss[0], gradients: await executor.readState(names) });
  }
  await executor.dispose();
  return { found, plan };
}

test('random graphs compute under gates what they compute with factors of 0 and 1', async () => {
  let skipped = 0;
  const rules = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const key = `graph ${seed}`;
    const { found, plan } = await run(key, STEPS, gate);
    for (const { rule } of plan.fusions) rules.add(rule);
    skipped += plan.calls.filter(
      ({ kernel, gates }) => kernel.startsWith('conv2d') && gates,
    ).length;
    for (const [i, step] of STEPS.entries()) {
      const states = GATES.map(({ stream, rate }) => isOpen(drawGate(stream, step, SEED), rate));
      const factor: GateRule = (x, { stream }) => affine(x, states[stream - 1] ? 1 : 0);
      const [expected] = (await run(key, [step], factor)).found;
      const close = (actual: number, wanted: number, what: string) => {
        const error = Math.abs(actual - wanted);
        assert.ok(error <= 1e-6 * (1 + Math.abs(wanted)), `${key}, step ${step}: ${what}`);
      };
      close(found[i].loss, expected.loss, 'loss');
      for (const [entry, values] of expected.gradients) {
        found[i].gradients.get(entry)?.forEach((value, k) => {
          close(value, values[k], `${entry}[${k}] is ${value}, not ${values[k]}`);
        });
      }
    }
  }
  const expected = ['batchNorm + scale', 'batchNorm + add', 'gate + add'];
  assert.deepEqual(
    expected.filter((rule) => !rules.has(rule)),
    [],
  );
  assert.ok(skipped > 50, `${skipped} convolutions under gates`);
});
