import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashName } from '../../src/core/random.js';
import {
  activation,
  add,
  batchNormalization,
  clearNames,
  conv2d,
  createCpuExecutor,
  createReferenceExecutor,
  decodeModel,
  dense,
  dropPath,
  type Executor,
  encodeModel,
  globalAveragePooling2d,
  input,
  Model,
  type SymbolicTensor,
  sgd,
} from '../../src/node.js';
import { drawGate, isOpen } from '../../src/plan/gate.js';
import { relativeDistance } from '../conformance/compare-results.js';
import { IMAGE, samples, weightsOf } from './small-models.js';

/** Dividing by 1 − rate is exact. */
const RATE = 0.5;
/** The branch's last parameters; its result is linear in them. */
const LAST = ['bn2/gamma', 'bn2/beta'];
const BATCH = 6;
const CALLS_OF_BLOCK = /^(conv|bn|relu)[12]$/;
const [x, y] = samples(BATCH, IMAGE);

/** What the block is: one that is dropped, one that always runs, or none. */
type Block = 'dropped' | 'constant' | 'none';

function blockModel(kind: Block): Model {
  clearNames();
  const inputs = input({ shape: IMAGE, name: 'image' });
  const start = conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'stem' })(inputs);
  const branch = (): SymbolicTensor => {
    let z = conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'conv1' })(start);
    z = activation('relu', { name: 'relu1' })(batchNormalization({ name: 'bn1' })(z));
    z = conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'conv2' })(z);
    z = batchNormalization({ name: 'bn2' })(z);
    return kind === 'dropped' ? dropPath({ rate: RATE, per: 'batch', name: 'drop' })(z) : z;
  };
  const sum = kind === 'none' ? start : add({ name: 'sum' })([start, branch()]);
  const pooled = globalAveragePooling2d({ name: 'pool' })(activation('relu', { name: 'out' })(sum));
  const outputs = dense({ units: 3, activation: 'softmax', name: 'head' })(pooled);
  return new Model({ inputs, outputs, name: 'block' });
}

/** Gradients, weights and losses after steps of training that begin at the given weights. */
async function train(
  kind: Block,
  on: Executor,
  steps: number,
  weights?: ReadonlyMap<string, Float32Array>,
) {
  const model = blockModel(kind);
  for (const { entry, variable } of model.namedVariables) {
    variable.write(weights?.get(entry) ?? (await variable.read()));
  }
  model.compile({ loss: 'categoricalCrossentropy', optimizer: sgd({ learningRate: 0.1 }), on });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await model.trainOnBatch(x, y)).loss);
  const gradients = await model.gradients();
  const after = await weightsOf(model);
  await model.dispose();
  return { losses, gradients, weights: after };
}

/** Whether the block of the model above is kept, by step from 1. */
function keptSteps(count: number, seed = 0): boolean[] {
  const stream = hashName('drop');
  return Array.from({ length: count }, (_, i) => isOpen(drawGate(stream, i + 1, seed), RATE));
}

/** The first step that is so, and how many steps lie before it. */
function stepBefore(kept: boolean): number {
  const before = keptSteps(20).indexOf(kept);
  assert.ok(before >= 0);
  return before;
}

const executors: Record<string, () => Executor | Promise<Executor>> = {
  reference: () => createReferenceExecutor(),
  'reference × 2': () => createReferenceExecutor({ replicas: 2 }),
  cpu: () => createCpuExecutor({ replicas: 1 }),
  'cpu × 2': () => createCpuExecutor({ replicas: 2 }),
};

for (const [name, create] of Object.entries(executors)) {
  test(`a dropped step is one of the network without the block, bit for bit: ${name}`, async () => {
    const before = stepBefore(false);
    const first = (await train('dropped', await create(), before)).weights;
    const dropped = await train('dropped', await create(), before + 1);
    // The same weights without the block, at the same step of the run.
    const without = blockModel('none');
    for (const { entry, variable } of without.namedVariables) {
      variable.write(first.get(entry) ?? new Float32Array());
    }
    without.compile({
      loss: 'categoricalCrossentropy',
      optimizer: sgd({ learningRate: 0.1 }),
      on: await create(),
    });
    const { loss } = await without.trainOnBatch(x, y);
    const gradients = await without.gradients();
    const weights = await weightsOf(without);
    await without.dispose();

    assert.equal(dropped.losses[before], loss);
    for (const [entry, values] of dropped.weights) {
      const ofBlock = CALLS_OF_BLOCK.test(entry.split('/')[0]);
      assert.deepEqual(values, ofBlock ? first.get(entry) : weights.get(entry), entry);
      const gradient = dropped.gradients.get(entry);
      if (gradient === undefined) continue;
      if (ofBlock)
        assert.ok(
          gradient.every((value) => value === 0),
          entry,
        );
      else assert.deepEqual(gradient, gradients.get(entry), entry);
    }
  });

  test(`a kept step is one with the branch divided by 1 − rate, bit for bit: ${name}`, async () => {
    const before = stepBefore(true);
    const first = (await train('dropped', await create(), before)).weights;
    const kept = await train('dropped', await create(), before + 1);
    const divided = (values: Float32Array, entry: string) => {
      return LAST.includes(entry) ? values.map((value) => value / (1 - RATE)) : values;
    };
    const weights = new Map([...first].map(([entry, values]) => [entry, divided(values, entry)]));
    const constant = await train('constant', await create(), 1, weights);
    assert.equal(kept.losses[before], constant.losses[0]);
    for (const [entry, gradient] of constant.gradients) {
      assert.deepEqual(kept.gradients.get(entry), divided(gradient, entry), entry);
      if (LAST.includes(entry)) continue;
      assert.deepEqual(kept.weights.get(entry), constant.weights.get(entry), entry);
    }
    assert.notDeepEqual(kept.weights.get('conv1/kernel'), first.get('conv1/kernel'));
  });
}

test('executors and replicas agree over steps of both kinds', async () => {
  const steps = 6;
  assert.equal(new Set(keptSteps(steps)).size, 2);
  const expected = await train('dropped', createReferenceExecutor({ precision: 'float64' }), steps);
  for (const [name, create] of Object.entries(executors)) {
    const { losses, weights } = await train('dropped', await create(), steps, undefined);
    assert.ok(relativeDistance(losses, expected.losses) <= 1e-5, `losses of ${name}`);
    for (const [entry, values] of expected.weights) {
      const distance = relativeDistance(weights.get(entry) ?? [], values);
      assert.ok(distance <= 1e-4, `${entry} of ${name}: ${distance}`);
    }
  }
});

test('all that only the block needs is left out of a dropped step, and nothing else', async () => {
  const model = blockModel('dropped');
  model.compile({
    loss: 'categoricalCrossentropy',
    optimizer: 'sgd',
    on: createReferenceExecutor(),
  });
  const [plan] = await model.plans('train', BATCH);
  for (const { kernel, source, gates } of plan.calls) {
    if (!CALLS_OF_BLOCK.test(source)) {
      const isJoin = ['drop', 'sum'].includes(source);
      assert.equal(gates !== undefined, isJoin, `${kernel} of ${source}`);
      continue;
    }
    const open = gates?.map(({ stream, rate, open }) => [stream, rate, open]);
    const instead = kernel === 'fill' || kernel === 'affine';
    assert.deepEqual(open, [[hashName('drop'), RATE, !instead]], `${kernel} of ${source}`);
  }
  const products = plan.calls.filter(({ kernel }) => kernel.startsWith('conv2d'));
  assert.equal(products.filter(({ gates }) => gates !== undefined).length, 6);
  assert.equal(products.length, 8);
  for (const kind of ['evaluate', 'predict'] as const) {
    const [{ calls }] = await model.plans(kind, BATCH);
    assert.ok(calls.every(({ gates }) => gates === undefined));
  }
  await model.dispose();
});

test('equally named layers inside of two models have a gate each', async () => {
  clearNames();
  const inputs = input({ shape: [4], name: 'features' });
  let x = inputs;
  for (const name of ['one', 'two']) {
    const inside = input({ shape: [4], name: `${name}_in` });
    const kept = dropPath({ rate: RATE, per: 'batch', name: 'drop' })(inside);
    x = new Model({ inputs: inside, outputs: add({ name: 'sum' })([inside, kept]), name })(x);
  }
  const model = new Model({ inputs, outputs: dense({ units: 3, name: 'head' })(x) });
  model.compile({ loss: 'mse', optimizer: 'sgd', on: createReferenceExecutor() });
  const [{ calls }] = await model.plans('train', BATCH);
  const streams = new Set(calls.flatMap(({ gates = [] }) => gates.map(({ stream }) => stream)));
  assert.deepEqual(streams, new Set([hashName('one/drop'), hashName('two/drop')]));
  await model.dispose();
});

test('a gate is open as often as its rate says, and gates of two layers differ', () => {
  const steps = 4000;
  const [one, two] = ['block1', 'block2'].map((name) => {
    return Array.from({ length: steps }, (_, i) => {
      return isOpen(drawGate(hashName(name), i + 1, 7), 0.3);
    });
  });
  const count = (states: readonly boolean[]) => states.filter((state) => state).length;
  // Five standard deviations of binomial counts.
  const spread = (share: number) => 5 * Math.sqrt(steps * share * (1 - share));
  assert.ok(Math.abs(count(one) - 0.7 * steps) < spread(0.7));
  const both = one.map((state, i) => state && two[i]);
  assert.ok(Math.abs(count(both) - 0.49 * steps) < spread(0.49));
});

test('moving statistics made anew are those of the whole network', async () => {
  const model = blockModel('dropped');
  model.compile({
    loss: 'categoricalCrossentropy',
    optimizer: 'sgd',
    on: createReferenceExecutor(),
  });
  const before = await weightsOf(model);
  await model.updateBatchNormalization(x, { batchSize: BATCH });
  const after = await weightsOf(model);
  for (const entry of ['bn1/movingVariance', 'bn2/movingVariance']) {
    assert.notDeepEqual(after.get(entry), before.get(entry));
  }
  await model.dispose();
});

/** A name of a layer whose gate is so in the first step of a run with seed 0. */
function nameWithGate(open: boolean): string {
  const names = Array.from({ length: 20 }, (_, i) => `drop${i}`);
  const found = names.find((name) => isOpen(drawGate(hashName(name), 1, 0), RATE) === open);
  assert.ok(found !== undefined);
  return found;
}

for (const open of [true, false]) {
  test(`a frozen network, run as a graph, ${open ? 'keeps' : 'drops'} the batch`, async () => {
    clearNames();
    const inputs = input({ shape: [4], name: 'features' });
    const branch = dense({ units: 4, name: 'branch' })(inputs);
    const kept = dropPath({ rate: RATE, per: 'batch', name: nameWithGate(open) })(branch);
    const model = new Model({ inputs, outputs: add({ name: 'sum' })([inputs, kept]) });
    for (const layer of model.layers) layer.trainable = false;
    model.compile({ loss: 'mse', optimizer: 'sgd', replicas: 1 });
    const [features] = samples(BATCH, [4]);
    const { data } = await model.predict(features);
    const expected = features.data.map((value, i) => {
      return open ? value + (data[i] - value) / (1 - RATE) : value;
    });
    // From the second run on a graph computes what can be one.
    for (let run = 0; run < 3; run++) {
      const { layers } = await model.probe(features, features, { layers: ['sum'] });
      const distance = relativeDistance(layers.get('sum')?.activation ?? [], expected);
      assert.ok(distance <= 1e-6, `run ${run}: ${distance}`);
    }
    await model.dispose();
  });
}

for (const replicas of [1, 2]) {
  test(`saved and loaded, training continues bit for bit, replicas ${replicas}`, async () => {
    const data = samples(22, IMAGE);
    const run = { batchSize: 8, seed: 5, verbose: false } as const;
    const compiled = () => {
      const model = blockModel('dropped');
      model.compile({ loss: 'categoricalCrossentropy', optimizer: 'adam', replicas, gemm: 'wasm' });
      return model;
    };
    const straight = compiled();
    await straight.fit(...data, { ...run, epochs: 3 });
    const first = compiled();
    await first.fit(...data, { ...run, epochs: 1 });
    const chunks = await encodeModel(first);
    await first.dispose();
    const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    const second = await decodeModel(bytes, { replicas, gemm: 'wasm' });
    await second.fit(...data, { ...run, epochs: 3, initialEpoch: 1 });
    assert.deepEqual(await weightsOf(second), await weightsOf(straight));
    assert.equal(new Set(keptSteps(9, 5).slice(3)).size, 2);
    await straight.dispose();
    await second.dispose();
  });
}
