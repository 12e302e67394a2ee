import assert from 'node:assert/strict';
import type { Plan } from '../../src/plan/plan.js';
import type { StateLayout } from '../../src/plan/state-layout.js';
import type { Executor, RunResults } from '../../src/runtime/executor.js';
import { createReferenceExecutor } from '../../src/runtime/reference/reference-executor.js';
import { assertClose } from './compare-results.js';
import { layoutOf, PlanBuilder } from './plan-builder.js';
import { normals } from './test-data.js';

/** A check of an executor beyond single kernels. */
export interface Program {
  title: string;
  replicas: number;
  run: (executor: Executor, tolerance: number) => Promise<void>;
}

/** Shares that do and do not divide the batch, or leave a replica idle. */
const sharings = [[3], [2, 1], [1, 0], [2, 2, 1]];

const FEATURES = 5;
const OUTPUTS = 7;
const WEIGHTS = { kernel: FEATURES * OUTPUTS, bias: OUTPUTS };
/** Elements of the trainable range: the kernel and the bias, each filled up to 16. */
const TRAINABLE = 64;

function trainingLayout(replicas: number): StateLayout {
  const share = Math.floor(TRAINABLE / replicas) + 1;
  const shardCounts = Array.from({ length: replicas }, (_, r) =>
    r < replicas - 1 ? share : TRAINABLE - share * (replicas - 1),
  );
  return layoutOf(replicas, {
    weights: { moving: 3 },
    trainable: WEIGHTS,
    slots: ['m', 'v'],
    shardCounts,
  });
}

/** One step of a linear model under Adam, on ½‖x·kernel + bias − target‖². */
function trainingPlan(layout: StateLayout, shares: number[], replica: number): Plan {
  const builder = new PlanBuilder('training step', replica, shares, layout);
  const rows = shares[replica];
  const x = builder.input('x', [FEATURES]);
  const target = builder.input('target', [OUTPUTS]);
  const kernel = builder.state('kernel');
  const bias = builder.state('bias');
  const y = builder.scratch('y', [rows, OUTPUTS]);
  const error = builder.scratch('error', [rows, OUTPUTS]);
  const squares = builder.scratch('squares', [rows, OUTPUTS]);
  const loss = builder.scratch('loss', []);
  const size = rows * OUTPUTS;
  const product = { m: rows, n: OUTPUTS, k: FEATURES, transposeA: false, transposeB: false };
  builder.call('matmul', { a: x, b: kernel }, { c: y }, product);
  builder.call('biasAdd', { x: y, bias }, { y }, { rows, channels: OUTPUTS });
  builder.call('binary', { a: y, b: target }, { y: error }, { fn: 'subtract', size });
  builder.call('unary', { x: error }, { y: squares }, { fn: 'square', size });
  builder.call('totalSum', { x: squares }, { y: loss }, { size, scale: 0.5 });
  builder.call(
    'matmul',
    { a: x, b: error },
    { c: builder.state('kernel/gradient') },
    { m: FEATURES, n: OUTPUTS, k: rows, transposeA: true, transposeB: false },
  );
  const dbias = builder.state('bias/gradient');
  builder.call('columnSums', { x: error }, { y: dbias }, { rows, channels: OUTPUTS });
  const w = builder.range('trainable');
  const g = builder.range('gradients');
  const m = builder.state('m');
  const v = builder.state('v');
  const { starts, counts } = layout.shards;
  builder.call('reduceScatter', { x: g }, { y: g }, { starts, counts });
  const range = { start: starts[replica], count: counts[replica] };
  builder.call(
    'adam',
    { w, g, m, v },
    { newW: w, newM: m, newV: v },
    { ...range, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  );
  builder.call('allGatherShards', { x: w }, { y: w }, { starts, counts });
  builder.output('loss', loss, 'scalar');
  builder.output('y', y, 'batch');
  builder.output('kernel', kernel, 'replicated');
  return builder.build();
}

const STEPS = 4;

/** Trains for some steps, alternating between the input sets; returns results and state by name. */
async function train(
  executor: Executor,
  shares: number[],
): Promise<Map<string, ArrayLike<number>>> {
  const layout = trainingLayout(shares.length);
  const samples = shares.reduce((a, b) => a + b, 0);
  await executor.allocateState(layout);
  await executor.writeState(
    new Map(Object.entries(WEIGHTS).map(([name, size]) => [name, normals(name, size)])),
  );
  const plans = shares.map((_, replica) => trainingPlan(layout, shares, replica));
  const prepared = await executor.prepare(plans);
  const found = new Map<string, ArrayLike<number>>();
  for (let step = 1; step <= STEPS; step++) {
    const set = step % 2 === 0 ? 0 : 1;
    prepared.inputs[set][0].set(normals(`x ${step}`, samples * FEATURES));
    prepared.inputs[set][1].set(normals(`target ${step}`, samples * OUTPUTS));
    const results: RunResults = await executor.run(prepared, set, {
      step,
      learningRate: 0.05,
      seed: 0,
    });
    for (const [name, values] of Object.entries(results)) {
      found.set(`step ${step} ${name}`, values.slice());
    }
  }
  const names = [...Object.keys(WEIGHTS), 'kernel/gradient', 'bias/gradient', 'm', 'v'];
  for (const [name, values] of await executor.readState(names)) found.set(name, values);
  return found;
}

const trainingPrograms = sharings.map(
  (shares): Program => ({
    title: `sharded training step over shares ${shares.join(', ')}`,
    replicas: shares.length,
    run: async (executor, tolerance) => {
      const samples = shares.reduce((a, b) => a + b, 0);
      const alone = createReferenceExecutor({ precision: 'float64' });
      const expected = await train(alone, [samples]);
      const actual = await train(executor, shares);
      for (const [label, values] of expected) {
        assertClose(actual.get(label) ?? [], values, { compare: 'relative', tolerance, label });
      }
      assert.deepEqual(await train(executor, shares), actual, 'a second run gives the same bits');
    },
  }),
);

const statePrograms = [1, 2, 3].map(
  (replicas): Program => ({
    title: 'state that is written is read back',
    replicas,
    run: async (executor) => {
      const layout = trainingLayout(replicas);
      await executor.allocateState(layout);
      const zeros = await executor.readState(['moving', 'v']);
      assert.deepEqual(zeros.get('moving'), new Float32Array(3));
      assert.deepEqual(zeros.get('v'), new Float32Array(TRAINABLE));
      const values = new Map(
        [...layout.entries, { name: 'm', size: TRAINABLE }, { name: 'v', size: TRAINABLE }].map(
          ({ name, size }) => [name, normals(`state ${name}`, size)],
        ),
      );
      await executor.writeState(values);
      assert.deepEqual(await executor.readState([...values.keys()]), values);
      await assert.rejects(executor.readState(['nothing']), { code: 'E_UNKNOWN' });
      await assert.rejects(executor.writeState(new Map([['moving', new Float32Array(4)]])), {
        code: 'E_SHAPE',
      });
      await executor.allocateState(layout);
      assert.deepEqual((await executor.readState(['moving'])).get('moving'), new Float32Array(3));
    },
  }),
);

const CHANNELS = 3;
const PIXELS = 4;

/** Batch normalization whose statistics are those of the whole batch. */
function normalizationPlan(layout: StateLayout, shares: number[], replica: number): Plan {
  const builder = new PlanBuilder('batch normalization', replica, shares, layout);
  const rows = shares[replica] * PIXELS;
  const counts = shares.map((share) => share * PIXELS);
  const totalRows = counts.reduce((a, b) => a + b, 0);
  const x = builder.input('x', [PIXELS, CHANNELS]);
  const dy = builder.input('dy', [PIXELS, CHANNELS]);
  const moments = builder.scratch('moments', [2, CHANNELS]);
  const gathered = builder.scratch('gathered', [shares.length, 2, CHANNELS]);
  const mean = builder.scratch('mean', [CHANNELS]);
  const rstd = builder.scratch('rstd', [CHANNELS]);
  const movingMean = builder.state('movingMean');
  const movingVariance = builder.state('movingVariance');
  const y = builder.scratch('y', [rows, CHANNELS]);
  const sums = builder.scratch('sums', [2, CHANNELS]);
  const dx = builder.scratch('dx', [rows, CHANNELS]);
  const size = { rows, channels: CHANNELS };
  builder.call('batchNormMoments', { x }, { moments }, size);
  builder.call('allGather', { x: moments }, { y: gathered }, { size: 2 * CHANNELS });
  builder.call(
    'batchNormStatistics',
    { moments: gathered, movingMean, movingVariance },
    { mean, rstd, newMovingMean: movingMean, newMovingVariance: movingVariance },
    { channels: CHANNELS, counts, epsilon: 1e-3, momentum: 0.9 },
  );
  builder.call('batchNormApply', { x, mean, rstd }, { y }, { ...size, relu: true });
  const saved = { x, dy, mean, rstd, y };
  builder.call('batchNormGradientSums', saved, { sums }, { ...size, relu: true });
  builder.call('allReduceSum', { x: sums }, { y: sums }, { size: 2 * CHANNELS });
  builder.call(
    'batchNormGradientApply',
    { ...saved, sums },
    { dx },
    { ...size, relu: true, totalRows },
  );
  builder.output('y', y, 'batch');
  builder.output('dx', dx, 'batch');
  builder.output('moving mean', movingMean, 'replicated');
  builder.output('moving variance', movingVariance, 'replicated');
  return builder.build();
}

async function normalize(executor: Executor, shares: number[]): Promise<RunResults> {
  const layout = layoutOf(shares.length, {
    weights: { movingMean: CHANNELS, movingVariance: CHANNELS },
  });
  await executor.allocateState(layout);
  const plans = shares.map((_, replica) => normalizationPlan(layout, shares, replica));
  const prepared = await executor.prepare(plans);
  prepared.inputs[1].forEach((input, k) => {
    input.set(normals(`normalization ${k}`, input.length));
  });
  return executor.run(prepared, 1, { step: 1, learningRate: 0, seed: 0 });
}

const normalizationPrograms = sharings.map(
  (shares): Program => ({
    title: `batch normalization over shares ${shares.join(', ')}`,
    replicas: shares.length,
    run: async (executor, tolerance) => {
      const samples = shares.reduce((a, b) => a + b, 0);
      const alone = createReferenceExecutor({ precision: 'float64' });
      const expected = await normalize(alone, [samples]);
      const actual = await normalize(executor, shares);
      for (const [label, values] of Object.entries(expected)) {
        assertClose(actual[label], values, { compare: 'relative', tolerance, label });
      }
    },
  }),
);

/** Programs of several calls, by replica count: what they compute must not depend on the shares. */
export const programs: readonly Program[] = [
  ...statePrograms,
  ...trainingPrograms,
  ...normalizationPrograms,
];
