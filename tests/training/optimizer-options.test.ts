import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReferenceExecutor, printPlan } from '../../src/node.js';
import {
  type OptimizerName,
  optimizerNames,
  resolveOptimizer,
} from '../../src/training/optimizers.js';
import { rateGroups } from '../../src/training/rate-groups.js';
import { matchesWeight } from '../../src/training/weight-patterns.js';
import { denseModel, samples } from './small-models.js';

test('every optimizer comes back from its config', () => {
  const others = {
    learningRate: 0.5,
    weightDecay: 0.125,
    excludeFromWeightDecay: ['bias'],
    weightDecayMultipliers: { 'res*': 2 },
    learningRateMultipliers: { fc: 0.5 },
    globalClipNorm: 2,
    gradientAccumulationSteps: 3,
    useEma: true,
    emaMomentum: 0.5,
    emaOverwriteFrequency: 7,
  };
  for (const name of optimizerNames) {
    const plain = resolveOptimizer(name);
    assert.deepEqual(resolveOptimizer(name, plain.getConfig()).getConfig(), plain.getConfig());
    const full = resolveOptimizer(name, { ...plain.getConfig(), ...others });
    full.learningRate = 0.25;
    const config = JSON.parse(JSON.stringify(full.getConfig())) as Record<string, unknown>;
    assert.deepEqual(config, { ...plain.getConfig(), ...others, learningRate: 0.25 });
    const again = resolveOptimizer(name, config);
    assert.deepEqual([again.name, again.slots], [full.name, full.slots]);
    assert.deepEqual(again.getConfig(), config);
  }
});

test('defaults are those of Keras', () => {
  const adam = { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
  assert.deepEqual(resolveOptimizer('adam').getConfig(), adam);
  assert.deepEqual(resolveOptimizer('adamw').getConfig(), { ...adam, weightDecay: 0.004 });
  assert.deepEqual(resolveOptimizer('lamb').getConfig(), adam);
  const sgd = { learningRate: 0.01, momentum: 0, nesterov: false };
  assert.deepEqual(resolveOptimizer('sgd').getConfig(), sgd);
  const rmsprop = { learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false };
  assert.deepEqual(resolveOptimizer('rmsprop').getConfig(), rmsprop);
  const lion = { learningRate: 0.001, beta1: 0.9, beta2: 0.99 };
  assert.deepEqual(resolveOptimizer('lion').getConfig(), lion);
});

const refused: [OptimizerName, Record<string, unknown>, RegExp][] = [
  ['adam', { beta3: 1 }, /^adam has no option 'beta3'; its options are beta1, .*weightDecay/],
  ['sgd', { momentum: 2 }, /sgd: momentum must be between 0 and 1, got 2/],
  [
    'adamw',
    { learningRate: Number.NaN },
    /adamw: learningRate must be a finite number ≥ 0, got NaN/,
  ],
  ['adam', { weightDecay: -1 }, /adam: weightDecay must be a finite number ≥ 0, got -1/],
  ['adam', { weightDecay: '1' }, /adam: weightDecay must be/],
  ['adam', { excludeFromWeightDecay: 'bias' }, /must be an array of strings, got "bias"/],
  ['adam', { learningRateMultipliers: { fc: -1 } }, /learningRateMultipliers\['fc'\] must be/],
  [
    'lion',
    { clipNorm: 1, clipValue: 2 },
    /lion: only one of .* may be given, got clipNorm,clipValue/,
  ],
  ['lamb', { clipValue: 0 }, /lamb: clipValue must be a finite number > 0, got 0/],
  ['sgd', { gradientAccumulationSteps: 1 }, /must be an integer ≥ 2, got 1/],
  ['sgd', { useEma: 1 }, /sgd: useEma must be true or false, got 1/],
  ['sgd', { emaMomentum: 2 }, /sgd: emaMomentum must be between 0 and 1, got 2/],
  ['sgd', { emaOverwriteFrequency: 0.5 }, /must be an integer ≥ 1, got 0.5/],
  ['adam', { learningRateMultipliers: [1] }, /must be an object of numbers by pattern/],
];

test('options out of range, and options that there are not, are refused', () => {
  for (const [name, options, message] of refused) {
    assert.throws(() => resolveOptimizer(name, options), { code: 'E_VALUE', message });
  }
});

test('patterns mean weights by name, layer, block or a part with *', () => {
  const entry = 'block/res5a_branch2a/kernel';
  const fitting = ['kernel', 'res5a_branch2a', 'block', 'block/res5a_branch2a', entry];
  fitting.push(
    'res5*',
    '*',
    '*/kernel',
    'block/*/kernel',
    '*5a*2a',
    'k*l',
    '*branch*',
    'block*kernel',
  );
  for (const pattern of fitting) assert.equal(matchesWeight(pattern, entry), true, pattern);
  const others = ['kern', 'bias', 'res5', 'res6*', 'res5a_branch2a/kernel', '', 'kernel*kernel'];
  others.push('.*', 'k.rnel', 'block/kernel', '*2a*2b*');
  for (const pattern of others) assert.equal(matchesWeight(pattern, entry), false, pattern);
  // A file may hold any pattern: none takes long.
  assert.equal(matchesWeight('*a'.repeat(500), `${'a'.repeat(499)}b`), false);
});

test('neighbours of equal rates are one group, with what lies between them', () => {
  const weights = (biasDecay: number) => [
    { start: 0, count: 20, rateScale: 1, decay: 0.5 },
    { start: 32, count: 16, rateScale: 1, decay: 0.5 },
    { start: 48, count: 3, rateScale: 1, decay: biasDecay },
  ];
  const all = { start: 0, count: 64, rateScale: 1, decay: 0.5 };
  assert.deepEqual(rateGroups(weights(0.5), 64), [all]);
  const bias = { start: 48, count: 16, rateScale: 1, decay: 0 };
  assert.deepEqual(rateGroups(weights(0), 64), [{ ...all, count: 48 }, bias]);
});

/** Change of every weight by one step of gradient descent at the rate 1. */
async function changes(options: Record<string, unknown>): Promise<Map<string, number[]>> {
  const model = denseModel();
  const before = new Map<string, Float32Array>();
  for (const { entry, variable } of model.namedVariables) {
    variable.write(Float32Array.from({ length: variable.size }, (_, i) => 1 + i / 8));
    before.set(entry, (await variable.read()).slice());
  }
  model.compile({
    optimizer: resolveOptimizer('sgd', { learningRate: 1, ...options }),
    loss: 'categoricalCrossentropy',
    on: createReferenceExecutor(),
  });
  await model.trainOnBatch(...samples(4, [4]));
  const found = new Map<string, number[]>();
  for (const { entry, variable } of model.namedVariables) {
    const old = before.get(entry) ?? new Float32Array();
    found.set(
      entry,
      Array.from(await variable.read(), (value, i) => value - old[i]),
    );
  }
  return found;
}

test('rates and decay hold for the weights that they name', async () => {
  const plain = await changes({});
  const rated = await changes({
    weightDecay: 0.5,
    excludeFromWeightDecay: ['bias'],
    weightDecayMultipliers: { hidden: 2 },
    learningRateMultipliers: { '*': 0.5, head: 0.25, 'head/bias': 1 },
  });
  const expected: Record<string, [number, number]> = {
    'hidden/kernel': [0.5, 1],
    'hidden/bias': [0.5, 0],
    'head/kernel': [0.25, 0.5],
    'head/bias': [1, 0],
  };
  for (const [entry, [rateScale, decay]] of Object.entries(expected)) {
    const found = rated.get(entry) ?? [];
    assert.ok(found.length > 0);
    found.forEach((change, i) => {
      const alone = plain.get(entry)?.[i] ?? Number.NaN;
      const wanted = rateScale * (alone - decay * (1 + i / 8));
      assert.ok(Math.abs(change - wanted) < 1e-6, `${entry}[${i}]: ${change}, expected ${wanted}`);
    });
  }
});

test('a pattern of rates that fits no weight is refused', async () => {
  await assert.rejects(changes({ learningRateMultipliers: { haed: 1 } }), {
    code: 'E_VALUE',
    message: "learningRateMultipliers: 'haed' fits no weight of the model; is it 'head'?",
  });
  await changes({ weightDecay: 1, excludeFromWeightDecay: ['gamma'] });
});

test('a plan says in how many groups weights change, and how often; one group costs nothing', async () => {
  const linesOf = async (options: Record<string, unknown>) => {
    const model = denseModel();
    const optimizer = resolveOptimizer('adamw', options);
    model.compile({ optimizer, loss: 'categoricalCrossentropy', on: createReferenceExecutor() });
    const [plan] = await model.plans('train', 4);
    const update = printPlan(plan).split('update:')[1];
    return update.split('\n').filter((line) => line.includes('optimizer'));
  };
  const plain = await linesOf({ weightDecay: 0 });
  assert.equal(plain.length, 3);
  assert.ok(plain.every((line) => !/groups|every/.test(line)));
  const rated = await linesOf({ excludeFromWeightDecay: ['bias'], gradientAccumulationSteps: 3 });
  assert.equal(rated.length, 4);
  assert.match(rated[1], /accumulateGradients .*steps: 3/);
  assert.match(rated[2], /adam .*groups: 4.*# optimizer, every 3 steps$/);
  assert.match(rated[3], /allGatherShards .*# optimizer, every 3 steps$/);
});
